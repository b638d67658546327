-- The newest message that was known in the chat when a send of the job's began whose outcome is not known; NULL if none.
ALTER TABLE telegram_cards ADD COLUMN sending INTEGER;

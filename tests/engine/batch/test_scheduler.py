"""The policy, by properties: nobody starves, nothing is lost, bounds are kept, users get their share."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.batch.scheduler import QUANTUM, Scheduler, Ticket

MAX_ROWS, MAX_ADAPTERS = 6, 4
SIZES = {"small": 1.0, "large": 2.25, "larger than a call": 9.0}
ADAPTERS = st.frozensets(st.sampled_from("abcdefgh"), max_size=MAX_ADAPTERS)


class AnyTraffic(RuleBasedStateMachine):
    """Arrivals, steps and cancellations in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(MAX_ROWS, MAX_ADAPTERS, {"paying": 3.0})
        self.left: dict[int, int] = {}
        self.tickets: dict[int, Ticket] = {}
        self.born = 0

    @rule(
        user=st.sampled_from(["a", "b", "c", "paying"]),
        rows=st.sampled_from([1, 2]),
        group=st.sampled_from(list(SIZES)),
        adapters=ADAPTERS,
        steps=st.integers(1, 8),
    )
    def arrive(self, user: str, rows: int, group: str, adapters: frozenset[str], steps: int) -> None:
        ticket = Ticket(self.born, user, rows, group, adapters, SIZES[group])
        self.scheduler.add(ticket)
        self.tickets[self.born], self.left[self.born] = ticket, steps
        self.born += 1

    @precondition(lambda self: self.left)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self._leave(data.draw(st.sampled_from(sorted(self.left))))

    @rule()
    def step(self) -> None:
        picked = self.scheduler.pick()
        assert bool(picked) == bool(self.left), "work is left undone, or done twice"
        ids = [ticket.id for ticket in picked]
        assert len(set(ids)) == len(ids)
        assert set(ids) <= set(self.left)
        assert sum(ticket.rows * ticket.size for ticket in picked) <= MAX_ROWS or len(picked) == 1
        assert len({ticket.group for ticket in picked}) <= 1
        assert len(frozenset().union(*(ticket.adapters for ticket in picked))) <= MAX_ADAPTERS
        self._check_order(picked)
        for id in list(self.left):
            self.left[id] -= id in ids
            if not self.left[id]:
                self._leave(id)

    def _check_order(self, picked: list[Ticket]) -> None:
        """Within a user and a group the older ones are never passed over."""
        waiting = list(self.tickets.values())
        for ticket in picked:
            older = waiting[: waiting.index(ticket)]
            equals = [other for other in older if (other.user, other.group) == (ticket.user, ticket.group)]
            assert all(other in picked for other in equals)

    def _leave(self, id: int) -> None:
        self.scheduler.remove([id])
        del self.left[id], self.tickets[id]

    @invariant()
    def nobody_is_lost(self) -> None:
        assert len(self.scheduler) == len(self.left)


TestAnyTraffic = AnyTraffic.TestCase
TestAnyTraffic.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)


KINDS = st.tuples(st.sampled_from([1, 2]), st.sampled_from(list(SIZES)), ADAPTERS)


@settings(max_examples=25, deadline=None)
@given(waiting=KINDS, newcomers=st.lists(KINDS, min_size=1, max_size=3), steps=st.integers(1, 4))
@example(waiting=(2, "large", frozenset()), newcomers=[(2, "small", frozenset())], steps=3)
@example(waiting=(1, "small", frozenset("abcd")), newcomers=[(1, "small", frozenset("e"))], steps=4)
@example(waiting=(2, "small", frozenset()), newcomers=[(1, "small", frozenset())], steps=4)
def test_nobody_starves_however_many_newcomers_there_are(
    waiting: tuple[int, str, frozenset[str]], newcomers: list[tuple[int, str, frozenset[str]]], steps: int
) -> None:
    """Others come at every step, up to eight at a time, for short pictures; one long picture goes on among them."""
    scheduler, left, unserved = Scheduler(MAX_ROWS, MAX_ADAPTERS), dict[int, int](), 0
    rows, group, adapters = waiting
    for index in range(150):
        if index == 10:
            scheduler.add(Ticket("long", "patient", rows, group, adapters, SIZES[group]))
        if len(left) < 8:
            newcomer_rows, newcomer_group, others = newcomers[index % len(newcomers)]
            scheduler.add(Ticket(index, f"{index}", newcomer_rows, newcomer_group, others, SIZES[newcomer_group]))
            left[index] = steps
        ids = [ticket.id for ticket in scheduler.pick()]
        unserved = 0 if "long" in ids or index < 10 else unserved + 1
        assert unserved <= 12 * QUANTUM
        for id in [id for id in left if id in ids]:
            left[id] -= 1
            if not left[id]:
                scheduler.remove([id])
                del left[id]


def served(scheduler: Scheduler, steps: int, endless: list[Ticket]) -> Counter[str]:
    """Rows by user of ``steps`` steps in which no ticket ends."""
    for ticket in endless:
        scheduler.add(ticket)
    rows: Counter[str] = Counter()
    for _ in range(steps):
        for ticket in scheduler.pick():
            rows[ticket.user] += ticket.rows
    return rows


@settings(max_examples=15, deadline=None)
@given(
    tickets=st.dictionaries(st.sampled_from("abcd"), st.integers(4, 12), min_size=2),
    weights=st.fixed_dictionaries({user: st.sampled_from([0.5, 1.0, 2.0]) for user in "abcd"}),
)
def test_users_share_by_weight_however_much_each_of_them_asks(
    tickets: dict[str, int], weights: dict[str, float]
) -> None:
    endless = [Ticket((user, index), user, 2) for user, count in tickets.items() for index in range(count)]
    scheduler = Scheduler(4, MAX_ADAPTERS, weights)
    rows = served(scheduler, 400, endless)
    total = sum(weights[user] for user in tickets)
    for user in tickets:
        fair = 400 * 4 * weights[user] / total
        assert abs(rows[user] - fair) <= 0.1 * fair + 2 * QUANTUM * 4


def test_a_larger_picture_counts_for_more() -> None:
    """One of four times the size is given a step while the other is given four."""
    scheduler = Scheduler(4, MAX_ADAPTERS)
    rows = served(scheduler, 200, [Ticket("a", "a", 1, "small"), Ticket("b", "b", 1, "large", size=4.0)])
    assert abs(rows["a"] - 4 * rows["b"]) <= 4 * QUANTUM


def test_a_newcomer_gets_no_credit_for_having_been_away() -> None:
    scheduler = Scheduler(2, MAX_ADAPTERS)
    served(scheduler, 100, [Ticket("old", "old", 2)])
    rows = served(scheduler, 40, [Ticket("new", "new", 2)])
    assert abs(rows["new"] - rows["old"]) <= 4 * QUANTUM


def test_a_short_job_does_not_wait_for_long_ones() -> None:
    scheduler = Scheduler(4, MAX_ADAPTERS)
    served(scheduler, 20, [Ticket(index, f"long {index}", 2) for index in range(6)])
    scheduler.add(Ticket("short", "newcomer", 2))
    steps = [any(ticket.id == "short" for ticket in scheduler.pick()) for _ in range(80)]
    assert steps.index(True) <= QUANTUM * 7 / 2, "one round of seven users, two at a time"
    assert sum(steps) >= 80 * 2 / 7 - QUANTUM, "its share from then on"


def test_a_picture_in_the_batch_stays_for_some_steps() -> None:
    """Pictures that came and went at every step would swap adapters at every step."""
    scheduler = Scheduler(2, MAX_ADAPTERS)
    for user in "ab":
        scheduler.add(Ticket(user, user, 2))
    turns = [scheduler.pick()[0].id for _ in range(60)]
    changes = sum(one != other for one, other in pairwise(turns))
    assert 4 <= changes <= 60 / (QUANTUM - 1)


def test_a_user_who_left_is_forgotten() -> None:
    scheduler = Scheduler(2, MAX_ADAPTERS)
    for index in range(1000):
        scheduler.add(Ticket(index, f"user {index}", 2))
        scheduler.pick()
        scheduler.remove([index])
    assert len(scheduler.users) <= 1

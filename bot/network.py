"""What the environment says about the way out of this machine: proxies, and for whom there is none."""

from __future__ import annotations

import os
import re

import httpx

from bot.settings import SettingsError

NO_PROXY = ("no_proxy", "NO_PROXY")


def mend_no_proxy() -> None:
    """Write IPv6 addresses without brackets, as the HTTP library wants them; many systems set ``[::1]``."""
    for name in NO_PROXY:
        if name in os.environ:
            os.environ[name] = re.sub(r"\[([0-9A-Fa-f:.]+)\]", r"\1", os.environ[name])


def check_proxies() -> None:
    """Raises SettingsError if the proxies of the environment cannot be used, with what to do."""
    try:
        httpx.Client(verify=False).close()
    except ImportError:
        raise SettingsError(
            "ALL_PROXY, HTTP_PROXY or HTTPS_PROXY names a SOCKS proxy, for which a library is missing: "
            "pip install socksio, or name an HTTP proxy"
        ) from None
    except (ValueError, httpx.InvalidURL) as error:
        raise SettingsError(f"ALL_PROXY, HTTP_PROXY, HTTPS_PROXY or NO_PROXY cannot be used: {error}") from None

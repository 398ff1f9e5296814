"""A plugin file with a hook that nobody calls."""

import eagerloop


@eagerloop.hookimpl
def provide_loss():
    """The name lacks its plural."""
    return {}

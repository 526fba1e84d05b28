"""From alerts to notifications, as Alertmanager does it: route, group, wait, tell, repeat, resolve.

In: alerts as posted or made by rules. Out: units of state to commit, notifications to send, the
instant to wake at, decisions with their reasons. Pure: the core owns its state, is given `now`,
and changes its memory only when a commit has succeeded.
"""

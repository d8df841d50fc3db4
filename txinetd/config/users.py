# -*- test-case-name: tests.test_config_inetd -*-
"""
The fifth field of an inetd.conf(5) line: whom the server runs as.

Forms: C{user}, C{user:group}, C{user.group}, with names or numbers, and C{-}
for whoever runs the daemon; which of them a dialect has, and how it tells user and
group apart, is its L{UserForm<txinetd.config.rules.UserForm>}.  In the default one a
user whose name contains a dot comes before a user and a group.  A number needs no
entry in the databases.
"""

from __future__ import annotations

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Rules, UserForm
from txinetd.config.systems.ours import TXINETD
from txinetd.config.text import shown
from txinetd.config.values import LoadOptions
from txinetd.interfaces import INames
from txinetd.names import HIGHEST_ID, isNumber
from txinetd.spec import Identity

__all__ = ["identity", "resolved"]

_USER = "a user that exists"

#: No user's name is longer (LOGIN_NAME_MAX of Linux).
_LONGEST_NAME = 256

#: The login class that a service has where its line says nothing.
_DEFAULT_CLASS = "daemon"

_FORMS = {
    UserForm.PLAIN: "user",
    UserForm.CLASS: "user or user:group",
    UserForm.COLON: "user, user:group or user.group",
    UserForm.DOT: "user, user.group or user:group",
    UserForm.KNOWN: "user, user:group or user.group",
}


def _split(text: str, names: INames, form: UserForm) -> tuple[str, str | None]:
    """
    User and group, the group C{None} where none is named.
    """
    if form is UserForm.PLAIN:
        return text, None
    if form is UserForm.CLASS:
        user, colon, group = text.rpartition(":")
        return (user, group) if colon else (text, None)
    if form is not UserForm.KNOWN:
        for separator in ".:" if form is UserForm.DOT else ":.":
            user, found, group = text.partition(separator)
            if found:
                return user, group
        return text, None
    user, colon, group = text.partition(":")
    if colon:
        return user, group
    if names.user(text) is None:
        position = text.rfind(".", 0, _LONGEST_NAME)
        while position > 0:
            if names.user(text[:position]) is not None or isNumber(text[:position]):
                return text[:position], text[position + 1 :]
            position = text.rfind(".", 0, position)
    return text, None


def _class(token: Token, form: UserForm, reporter: Reporter) -> str | None:
    """
    Take off a login class.  There are none on this system, and what one would set is
    not known: where the dialect has them that is said, and elsewhere it is a mistake.

    @return: the field without it, or C{None} where there can be none.
    """
    text, slash, name = token.text.rpartition("/")
    if not slash:
        return token.text
    expected = _FORMS[form]
    if form is UserForm.CLASS and name:
        hint = "there are no login classes on this system"
        if name == _DEFAULT_CLASS:
            hint += "; it is the default one anyway"
        else:
            hint += ": its limits, priority, umask and environment are NOT set; give them in a box"
        reporter.warn("login-class", token, shown(name), expected, hint)
        return text
    hint = "login classes are not supported"
    reporter.drop("unsupported-login-class", token, shown(token.text), expected, hint)
    return None


def identity(
    token: Token,
    names: INames,
    options: LoadOptions,
    reporter: Reporter,
    *,
    runs: bool,
    rules: Rules = TXINETD,
) -> Identity | None:
    """
    The identity a line asks for.

    @param runs: whether a program is to run with it.  An internal service runs
        in the daemon, whatever its line says.
    """
    if token.text == "-":
        return options.runsAs
    if token.text.startswith("/"):
        hint = "is the user missing before the program?"
        reporter.drop("unknown-user", token, shown(token.text), _USER, hint)
        return None
    text = _class(token, rules.user, reporter)
    if text is None:
        return None
    user, group = _split(text, names, rules.user)
    return resolved(user, token, group, token, names, options, reporter, runs=runs, rules=rules)


def resolved(
    user: str,
    token: Token,
    group: str | None,
    groupToken: Token,
    names: INames,
    options: LoadOptions,
    reporter: Reporter,
    *,
    runs: bool,
    rules: Rules = TXINETD,
) -> Identity | None:
    """
    The identity of a user and a group.

    @param token: where the user stands.
    @param group: C{None} for the user's own.
    @param groupToken: where the group stands.
    @param runs: whether a program is to run with it.
    """
    me = options.runsAs
    gid = None if group is None else names.group(group)
    entry = names.user(user)
    if entry is None and not (isNumber(user) and int(user) <= HIGHEST_ID):
        hint = _otherwise(token.text, user, rules, names)
        reporter.drop("unknown-user", token, shown(user), _USER, hint)
        return None
    if group is not None and gid is None:
        reporter.drop("unknown-group", groupToken, shown(group), "a group that exists")
        return None
    found = _resolved(user, entry, gid, names, me)
    if found is None:
        expected = f"a group too: {user}:GROUP"
        hint = "a user id without an entry in the user database has no group of its own"
        reporter.drop("unknown-group", token, shown(token.text), expected, hint)
        return None
    if me.uid == 0 or not runs:
        return found
    if found.uid == me.uid and (gid is None or gid == me.gid):
        # Without privileges nothing can be switched, and nothing need be.
        return attrs.evolve(me, user=found.user)
    expected = f"{me.user}, or - for whoever runs the daemon"
    hint = "only root can run a server as somebody else"
    reporter.drop("other-user", token, shown(token.text), expected, hint)
    return None


def _otherwise(text: str, user: str, rules: Rules, names: INames) -> str:
    """
    A hint at another way of telling user and group apart.
    """
    for separator in ".:":
        before, found, after = text.partition(separator)
        if found and before != user and names.user(before) is not None and after:
            forms = _FORMS[rules.user]
            return f"the form is {forms} here"
    return ""


def _resolved(
    user: str, entry: tuple[str, int, int] | None, gid: int | None, names: INames, me: Identity
) -> Identity | None:
    """
    The ids.

    @return: the identity, or C{None} where it has no primary group.
    """
    if entry is not None:
        name, uid, primary = entry
        primary = primary if gid is None else gid
        return Identity(name, uid, primary, names.groups(name, primary))
    uid = int(user)
    if gid is None:
        if uid != me.uid:
            return None
        gid = me.gid
    return Identity(str(uid), uid, gid, (gid,))

"""How a letter says what there is: numbers and dates, never a name, a title or a word of a group's."""

OF_WAITING = {
    "newcomers": ("{} newcomer waits for your group's answer", "{} newcomers wait for your groups' answers"),
    "places": (
        "{} group of yours waits for its members to confirm it",
        "{} groups of yours wait for their members to confirm them",
    ),
    "actions": ("{} action of yours is due", "{} actions of yours are due"),
    "unproposed": (
        "{} newcomer waits for a member to propose them to your group",
        "{} newcomers wait for a member to propose them to your groups",
    ),
    "responsibilities": (
        "the responsibilities of members are new, or have changed",
        "the responsibilities of members are new, or have changed, in {} groups",
    ),
    "renewals": (
        "your group asks whether you go on for another year",
        "{} groups of yours ask whether you go on for another year",
    ),
    "retrospectives": ("your group looks back on its year", "{} groups of yours look back on their year"),
    "look_backs": (
        "it is time for your group to look back",
        "it is time for {} groups of yours to look back",
    ),
    "check_ins": ("a check-in is open", "{} check-ins are open"),
    "slots": (
        "two meetings in a row were missed: other times are proposed to your group",
        "two meetings in a row were missed in {} groups of yours: other times are proposed to each",
    ),
    "charters": (
        "{} group of yours has a new version of its charter",
        "{} groups of yours have new versions of their charters",
    ),
}
"""By what waits, how one of it is told, and several."""
_OF_NEWS = "something new was written in {} of your groups"
_OF_ANNOUNCEMENTS = ("{} announcement", "{} announcements")
_OF_MEETINGS = ("{} meeting in the next 7 days:", "{} meetings in the next 7 days:")


def waiting(what: str, number: int, until: str | None) -> str:
    """What waits, how often, and until when."""
    said = _counted(OF_WAITING[what], number)
    return f"{said} (until {until})" if until else said


def news(groups: int) -> str:
    """In how many groups something was written."""
    return _OF_NEWS.format(groups)


def announcements(number: int) -> str:
    """How much the tenant has put on the board."""
    return _counted(_OF_ANNOUNCEMENTS, number)


def meetings(number: int) -> str:
    """How many meetings there are to come; their times follow."""
    return _counted(_OF_MEETINGS, number)


def _counted(said: tuple[str, str], number: int) -> str:
    return said[number != 1].format(number)

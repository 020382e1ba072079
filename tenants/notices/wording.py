"""How a letter says what there is: numbers and dates, never a name, a title or a word of a group's."""

OF_WAITING = {
    "newcomers": ("{} newcomer waits for your answer", "{} newcomers wait for your answer"),
    "places": (
        "{} place in a group waits for you to confirm it",
        "{} places in groups wait for you to confirm them",
    ),
    "actions": ("{} action of yours is due", "{} actions of yours are due"),
    "unproposed": (
        "{} newcomer waits for a member to propose them to your group",
        "{} newcomers wait for a member to propose them to your groups",
    ),
    "responsibilities": (
        "the responsibilities of members wait for you to accept them",
        "the responsibilities of members wait for you to accept them in {} groups",
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
    "charters": ("your charter has a new version to sign", "{} charters of yours have new versions to sign"),
}
"""By what waits, how one of it is told, and several."""
_OF_NEWS = "something new was written in {} of your groups"
_OF_ANNOUNCEMENTS = ("{} announcement", "{} announcements")
_OF_MEETINGS = ("{} meeting in the next 7 days:", "{} meetings in the next 7 days:")


def waiting(what: str, number: int, until: str | None) -> str:
    """What waits for somebody, how often, and until when."""
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

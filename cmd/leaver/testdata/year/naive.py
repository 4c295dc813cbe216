"""A second, naive reckoning of when accounts are due, from the log of events alone.

Written against the documentation, without a look at the program: night by night, account by account, in the
plainest way. Reads events as JSON lines from the file that is named, writes for each night that took place what it
expects of each account with a finding: night, account, decision and date.
"""
import datetime as dt
import json
import sys
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
UTC = dt.timezone.utc
ORPHANS = {"name": "orphans", "days": 20, "erp": 20, "from": "first_seen"}
HOLIDAYS = ["2027-12-24", "2027-12-27", "2028-04-14", "2028-04-17"]


def midnight_after(text):
    """The end of an employment: the first instant after its last day."""
    day = dt.date.fromisoformat(text) + dt.timedelta(days=1)
    return dt.datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def plus_days(at, days):
    """Calendar days later at the same hour of the clock on the wall."""
    local = at.astimezone(ZONE)
    day = local.date() + dt.timedelta(days=days)
    return dt.datetime.combine(day, local.time(), tzinfo=ZONE).astimezone(UTC)


def reckon(rule, source, end, first_seen):
    days = rule["erp"] if source == "erp" else rule["days"]
    return plus_days(end if rule["from"] == "end_date" and end else first_seen, days)


def day_off(local):
    return local.weekday() > 4 or local.date().isoformat() in HOLIDAYS


def working_days_back(at, days):
    """So many working days earlier at the same hour of the clock on the wall."""
    local = at.astimezone(ZONE).replace(tzinfo=None)
    while days > 0:
        local -= dt.timedelta(days=1)
        while day_off(local):
            local -= dt.timedelta(days=1)
        days -= 1
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def main(path):
    events = [json.loads(line) for line in open(path)]
    people, accounts, rule, graceful = {}, {}, None, None
    first_seen, ledger, linked, misses = {}, {}, {}, {}
    night = dt.date(2027, 11, 1)
    while night <= dt.date(2028, 10, 31):
        outage = missed = False
        for e in events:
            if e["on"] != night.isoformat():
                continue
            outage, missed = outage or e.get("outage"), missed or "missed" in e
            rule, graceful = e.get("rule", rule), e.get("graceful", graceful)
            for p in e.get("hire", []):
                people[p] = {"end": None, "there": True}
                for source in ("crm", "erp", "proj"):
                    accounts[source + "/A" + p[1:]] = {"owner": p, "there": True, "enabled": True, "groups": "project-a;mail"}
            if "person" in e:
                people[e["person"]].update({k: e[k] for k in ("end", "there") if k in e})
            if "account" in e:
                accounts.setdefault(e["account"], {"owner": None, "there": True, "enabled": True})
                accounts[e["account"]].update({k: e[k] for k in ("there", "enabled", "groups") if k in e})
        if not missed:
            now = dt.datetime(night.year, night.month, night.day, 23, 30, tzinfo=ZONE).astimezone(UTC)
            for p, what in people.items():
                misses[p] = misses.get(p, -1) + 1 if not what["there"] else -1
            for name in sorted(accounts):
                if name.startswith("proj"):
                    one_of_stages(name, accounts[name], people, graceful, now, outage, ledger, linked)
                else:
                    one_account(name, accounts[name], people, rule, now, outage, first_seen, ledger, linked, misses)
            for source in ("crm", "erp", "proj"):
                if outage != source:
                    for name, a in accounts.items():
                        if name.startswith(source):
                            linked[name] = (a["owner"],) if a["there"] else None
        night += dt.timedelta(days=1)


def one_account(name, a, people, rule, now, outage, first_seen, ledger, linked, misses):
    source = name.split("/")[0]
    complete = outage != source
    if not a["there"]:
        return
    end = vanished = None
    if a["owner"]:
        p = people[a["owner"]]
        vanished = not p["there"]
        if p["end"] and midnight_after(p["end"]) <= now:
            end = midnight_after(p["end"])
    found = a["enabled"] and (end or vanished or not a["owner"])
    if not found:
        first_seen.pop(name, None)
        if complete:
            ledger.pop(name, None)
        return
    first_seen.setdefault(name, now)
    mine = rule if a["owner"] else ORPHANS
    was = ledger.get(name)
    due = reckon(mine, source, end, was["first_seen"] if was else first_seen[name])
    is_ = {"first_seen": was["first_seen"] if was else first_seen[name], "end": end, "due": due}
    if was and not (mine["from"] == "end_date" and end and end != was["end"]):
        is_["due"] = max(due, was["due"])  # only HR may shorten a date
    if was and not end:
        is_["end"] = was["end"]
    if complete:
        ledger[name] = is_
    elif was:
        is_ = was
    seen = linked.get(name)
    ready = complete and seen == (a["owner"],) and not (vanished and misses[a["owner"]] < 2)
    decision = "due" if ready and is_["due"] <= now else "in_grace"
    until = is_["due"] if decision == "due" or ready else max(is_["due"], now)
    print(stamp(now), name, decision, stamp(until))


def one_of_stages(name, a, people, rule, now, outage, ledger, linked):
    """An account of the source whose leavers go step by step."""
    complete = outage != "proj"
    if not a["there"]:
        return
    p = people[a["owner"]]
    end = midnight_after(p["end"]) if p["end"] else None
    gone = bool(end and end <= now) or not p["there"]
    selected = end and end - dt.timedelta(days=14) <= now
    if not a["enabled"] or not (gone or selected):
        if complete:
            ledger.pop(name, None)
        return
    if not selected:  # vanished, and HR never said when
        if complete:
            ledger.pop(name, None)
        print(stamp(now), name, "report_only")
        return
    was, clocks = ledger.get(name, {"gone": gone, "end": None, "stages": {}}), []
    same_end = was["end"] == end
    heirs = [c["due"] for n, c in was["stages"].items() if n not in [s["name"] for s in rule["stages"]]] if same_end and was["gone"] == gone else []
    for s in rule["stages"]:
        due = working_days_back(end, -s["days"]) if s.get("business") else plus_days(end, s["days"])
        if s["action"] != "report" and not rule["before_end"]:
            due = max(due, end)
        old = was["stages"].get(s["name"]) if same_end else None
        due = max([due] + ([old["due"]] if old else heirs))
        if clocks:
            due = max(due, clocks[-1]["due"])
        clocks.append({**s, "due": due})
    if complete:
        ledger[name] = {"gone": gone, "end": end, "stages": {c["name"]: c for c in clocks}}
    elif was["stages"] and same_end and was["gone"] == gone:
        # nothing moves: what is new has no clock yet, what ran keeps its own
        clocks = [was["stages"].get(c["name"], c) | {"action": c["action"]} for c in clocks]
    projects = [g for g in a["groups"].split(";") if g.startswith("project-")]
    left = [c for c in clocks if c["due"] <= now and (c["action"] == "lock" or c["action"] == "revoke" and projects)]
    locks = [c for c in left if c["action"] == "lock"]
    ahead = [c for c in clocks if c["due"] > now and c["action"] != "report"]
    chosen = (locks + left + ahead + [None])[0]
    stage = ([""] + [c["name"] for c in clocks if c["due"] <= now])[-1]
    goes = ",".join("group " + g for g in sorted(projects)) if any(c["action"] == "revoke" for c in left) else ""
    if not chosen:
        print(stamp(now), name, "report_only", stage)
        return
    ready = complete and linked.get(name) == (a["owner"],)
    decision = "due" if ready and chosen["due"] <= now else "in_grace"
    until = chosen["due"] if ready else max(chosen["due"], now)
    print(" ".join(filter(None, [stamp(now), name, decision, stamp(until), stage, goes])))


main(sys.argv[1])

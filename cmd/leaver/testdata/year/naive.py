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


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def main(path):
    events = [json.loads(line) for line in open(path)]
    people, accounts, rule = {}, {}, None
    first_seen, ledger, linked, misses = {}, {}, {}, {}
    night = dt.date(2027, 11, 1)
    while night <= dt.date(2028, 10, 31):
        outage = missed = False
        for e in events:
            if e["on"] != night.isoformat():
                continue
            outage, missed = outage or "outage" in e, missed or "missed" in e
            rule = e.get("rule", rule)
            for p in e.get("hire", []):
                people[p] = {"end": None, "there": True}
                for source in ("crm", "erp"):
                    accounts[source + "/A" + p[1:]] = {"owner": p, "there": True, "enabled": True}
            if "person" in e:
                people[e["person"]].update({k: e[k] for k in ("end", "there") if k in e})
            if "account" in e:
                accounts.setdefault(e["account"], {"owner": None, "there": True, "enabled": True})
                accounts[e["account"]].update({k: e[k] for k in ("there", "enabled") if k in e})
        if not missed:
            now = dt.datetime(night.year, night.month, night.day, 23, 30, tzinfo=ZONE).astimezone(UTC)
            for p, what in people.items():
                misses[p] = misses.get(p, -1) + 1 if not what["there"] else -1
            for name in sorted(accounts):
                one_account(name, accounts[name], people, rule, now, outage, first_seen, ledger, linked, misses)
            for source in ("crm", "erp"):
                if not (outage and source == "crm"):
                    for name, a in accounts.items():
                        if name.startswith(source):
                            linked[name] = (a["owner"],) if a["there"] else None
        night += dt.timedelta(days=1)


def one_account(name, a, people, rule, now, outage, first_seen, ledger, linked, misses):
    source = name.split("/")[0]
    complete = not (outage and source == "crm")
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


main(sys.argv[1])

#!/usr/bin/env python3
"""Checks a proof that "leaver prove" made, without leaver: python3 check_proof.py proof.json

Every step leads from a text to a hash in the next one: the row of the finding, the rows of the run, its manifest, the audit log.
What is left to do by hand is to compare the last line with a checkpoint that was kept elsewhere, or to check its signature."""
import base64, hashlib, json, sys


def sha(data):
    return hashlib.sha256(data)


def climb(leaf, number, size, way):
    """The root to which a leaf and its way lead, as in RFC 6962: leaves begin with 0, nodes with 1."""
    def go(lo, hi, way):
        if hi - lo == 1:
            if way:
                raise SystemExit("a way is too long")
            return sha(b"\0" + leaf).digest()
        middle = lo + (1 << (hi - lo - 1).bit_length() - 1)  # the largest power of two below the size
        if number < middle:
            left, right = go(lo, middle, way[:-1]), way[-1]
        else:
            left, right = way[-1], go(middle, hi, way[:-1])
        return sha(b"\1" + left + right).digest()
    return go(0, size, [base64.b64decode(h) for h in way])


def want(what, is_, should):
    if is_ != should:
        raise SystemExit(what + ": WRONG")
    print(what + ": right")


proof = json.load(open(sys.argv[1], encoding="utf-8"))
root = proof["rows_root"].splitlines()
size = sum(int(line.split()[1]) for line in root[1:-1])
for row in proof["rows"]:
    want("row %d, of %s" % (row["number"], row["file"]), climb(row["text"].encode(), row["number"], size, row["proof"] or []),
         base64.b64decode(root[-1].split()[1]))
manifest = json.loads(proof["manifest"])
want("rows.root in the manifest", [f["sha256"] for f in manifest["files"] if f["name"] == "rows.root"],
     [sha(proof["rows_root"].encode()).hexdigest()])
record = json.loads(proof["log_record"])
want("the manifest in the record of the audit log", (record["run"], record["manifest_sha256"]),
     (proof["run"], sha(proof["manifest"].encode()).hexdigest()))
origin, records, log_root = proof["checkpoint"].splitlines()[:3]
want("record %d in the audit log" % proof["log_record_number"],
     climb(proof["log_record"].encode(), proof["log_record_number"], int(records), proof["log_record_proof"] or []), base64.b64decode(log_root))
row = json.loads(proof["rows"][0]["text"])
print("finding %s of run %s: %s on %s/%s" % (proof["finding"], proof["run"], row["Row"]["Kind"], row["Account"]["system"], row["Account"]["id"]))
print("compare with a checkpoint that was kept elsewhere: %s, %s records, %s" % (origin, records, log_root))

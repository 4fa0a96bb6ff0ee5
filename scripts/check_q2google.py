"""The Python side of check-q2google: the real q2google's own state classes."""

import argparse
import json
import pathlib
import sys

from q2google.config import Q2GoogleSettings
from q2google.state import build_backend
from q2google.stages.create import CreateStage
from q2google.stages.transfer import TransferStage
from q2google.state.base import ItemState, new_session


def open_store(where):
    """The backend that q2google's own settings lead to."""
    if where.startswith("mongodb"):
        return build_backend(Q2GoogleSettings(state_uri=where))
    return build_backend(Q2GoogleSettings(state_dir=pathlib.Path(where)))


def load(root, session):
    state = open_store(root).load(session)
    assert state is not None, f"q2google finds no session {session}"
    return state


def check(root, session, finished, items):
    state = load(root, session)
    assert state.items and items in (None, len(state.items)), f"{len(state.items)} items"
    for name, item in state.items.items():
        assert item.file_name == name, name
        assert item.media_type in ("photo", "video"), (name, item.media_type)
        assert item.transfer_status != "running" and item.create_status != "running", name
    waiting = len(CreateStage.eligible_file_names(state))
    occupied = [k for k, b in state.batches.items() if b.status == "completed" and int(k) < -(-waiting // 50)]
    assert not occupied, f"batches {occupied} would make q2google skip items"
    if finished:
        assert all(v == "completed" for v in state.stages.values()), state.stages
        left = [n for n, i in state.items.items() if i.create_status not in ("completed", "skipped")]
        assert not left, left
        assert not waiting and not TransferStage.pending_file_names(state)
    print(f"q2google loads {len(state.items)} items, {len(state.batches)} batches; {waiting} wait to be created")


def resave(root, session):
    backend = open_store(root)
    state = backend.load(session)
    state.touch()
    backend.save(state)


def begin(root, session):
    """Write what q2google would have after discovery, from a listing on standard input."""
    state = new_session(session, start_date_iso="2000-01-01T00:00:00", end_date_iso="2030-01-01T00:00:00", batch_size=50)
    for line in sys.stdin:
        row = json.loads(line)
        if row["type"] != "item":
            continue
        stem, dot, ext = row["name"].rpartition(".")
        name = f"{stem}000{dot}{ext}"
        state.items[name] = ItemState(
            file_name=name, download_url="https://cdn.example.invalid/" + name, discovery_status="completed",
            media_type="video" if ext.lower() == "mp4" else "photo",
        )
    state.stages["discovery"] = "completed"
    open_store(root).save(state)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["load", "resave", "begin"])
    parser.add_argument("root", help="a directory, or a URI of MongoDB")
    parser.add_argument("session")
    parser.add_argument("--finished", action="store_true")
    parser.add_argument("--items", type=int)
    args = parser.parse_args()
    if args.what == "load":
        check(args.root, args.session, args.finished, args.items)
    elif args.what == "resave":
        resave(args.root, args.session)
    else:
        begin(args.root, args.session)


main()

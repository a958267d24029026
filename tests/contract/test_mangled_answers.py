# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a server sends in place of one value, the answer is whole records or a clear error, and never a success."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "campaign"))

from campaign import PRODUCTS
from scenarios import shrink
from stage import Stage
from test_job_info import check_record

from ansible_collections.backupops.jobs.plugins.module_utils import sessions
from ansible_collections.backupops.jobs.plugins.module_utils.platforms.registry import TRAITS
from ansible_collections.backupops.jobs.plugins.module_utils.runners import platform_info

#: No product knows this word.
WORD = "Zzyzx"
HUGE = (10**40, -(10**40), 2**63, 1e300, -1.5, float("nan"), float("inf"))
JUNK = st.one_of(
    st.just(WORD),
    st.none(),
    st.booleans(),
    st.sampled_from(HUGE),
    st.integers(),
    st.sampled_from(["", "0", "-1", "1e999", "NaN", "true", "2026-13-99T99:99:99Z", "9" * 400, "a/b:c%@"]),
    st.text(max_size=8),
    st.recursive(
        st.none() | st.integers() | st.just(WORD),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "x"]), inner),
        max_leaves=20,
    ),
    st.integers(min_value=1, max_value=60).map(lambda depth: json.loads("[" * depth + "]" * depth)),
)
GONE = object()
#: How to read: each takes an actor.
READINGS = {
    "definitions": lambda actor: actor.info(entity="definition", include_raw=True, include_objects=True, retries=0),
    "runs": lambda actor: actor.info(entity="run", since="-7d", include_objects=True, retries=0),
    "platform": lambda actor: actor.run(platform_info, retries=0),
    "sessions": lambda actor: actor.sessions(retries=0),
}
KINDS = {"protocol", "not_found", "ambiguous", "authentication", "permission", "conflict", "unsupported", "unreachable"}


class Mangling:
    """Stands before a product and changes one value of one answer."""

    def __init__(self, stage, scene):
        self.stage, self.scene = stage, scene
        self.place = None
        self.was = None

    def read(self, reading, number=None, choose=None, junk=GONE):
        """The result, and how many answers there were; ``junk`` in place of one value of answer ``number``."""
        stage, seen = self.stage, []
        stage.at(self.scene, moves=False)
        original = stage.product.handle

        def handle(request):
            reply = original(request)
            seen.append(None)
            if number is not None and len(seen) == number + 1:
                try:
                    body = json.loads(reply.body)
                except ValueError:
                    return reply
                reply.body = json.dumps(self._mangled(body, choose, junk)).encode()
            return reply

        stage.product.handle = handle
        try:
            return READINGS[reading](stage.actor), len(seen)
        finally:
            del stage.product.handle

    def _mangled(self, body, choose, junk):
        body = copy.deepcopy(body)
        paths = list(_paths(body))
        if not paths:
            return body
        self.place = path = paths[choose % len(paths)]
        inner = body
        for key in path[:-1]:
            inner = inner[key]
        self.was = inner[path[-1]]
        if junk is GONE:
            del inner[path[-1]]
        else:
            inner[path[-1]] = junk
        return body


def _paths(value, before=()):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*before, key)
        yield from _paths(inner, (*before, key))


def looked(result):
    """Good results by uid, with what counts as good news."""
    return {
        record["uid"]: (record["result"] == "success", record["enabled"] is True, record["health"] == "ok")
        for record in result.get("jobs", ())
    }


@pytest.fixture(params=PRODUCTS, scope="module")
def mangling(request, tmp_path_factory):
    stage = Stage(request.param, tmp_path_factory.mktemp("mangled"))
    shrink(stage.actor)
    with stage.open():
        yield Mangling(stage, stage.kept(lambda actor: None))


@pytest.mark.parametrize("reading", list(READINGS))
def test_a_mangled_answer_gives_whole_records_or_a_clear_error(mangling, reading):
    platform = mangling.stage.platform
    if reading == "sessions" and not TRAITS[platform].capabilities["list_restore_sessions"].supported:
        assert "unsupported" in mangling.read(reading)[0]["msg"] or platform == "nakivo"
        return
    plain, requests = mangling.read(reading)
    good = looked(plain)

    # Nothing is gained by shrinking: one value was changed, and the message names it.
    @settings(
        max_examples=40,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(st.integers(0, requests - 1), st.integers(0, 10**6), st.one_of(st.just(GONE), st.just(WORD), JUNK))
    def survives(number, choose, junk):
        mangling.place = None
        result, _requests = mangling.read(reading, number, choose, junk)
        where = f"answer {number}, {mangling.place}: {mangling.was!r:.80} became {junk!r:.80}"
        if result.get("failed"):
            assert result["error"]["kind"] in KINDS, where + ": " + result["msg"]
            return
        for record in result.get("jobs", ()):
            check_record(record)
        for session in result.get("sessions", ()):
            assert tuple(session) == sessions.SESSION_KEYS, where
        json.dumps(result, allow_nan=False)
        if junk == WORD:
            for uid, news in looked(result).items():
                before = good.get(uid, (False, False, False))
                assert not (news[0] and not before[0]), f"{where}: an unknown word became a success"
            unknown = [one for one in result.get("jobs", ()) if "unknown" in (one["state"], one["result"])]
            assert result["warnings"] or not unknown, where + ": unknown, and nobody is told"

    survives()

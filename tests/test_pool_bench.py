"""The bench of the pool's policy: what it pretends, and what it says."""

import random
from dataclasses import replace

import pool_policy
import pytest
from hotseat_bench import plain_lru
from hotseat_bench.pool_simulation import END_S, HOT_S, SPEC, START_S, Simulation
from hotseat_bench.pool_traces import TRACES, Talk
from hotseat_core.pool import policy
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.view import Source
from hotseat_core.pool.worth import BIND_MS, MESSAGE_MS
from pool_policy import Row, missed, table

LRU = Row("t", "LRU", 10, hot=0.5, warm=0.0, cold=0.5, mean_ms=100, p50_ms=20, p99_ms=700, starts=5)
OURS = replace(LRU, policy="Hotseat", cold=0.1, mean_ms=50, p99_ms=300)


def size(workers: int, warm: int = 0) -> PoolSettings:
    return PoolSettings(SPEC, max_workers=workers, warm_workers=warm, max_queue=999, idle_timeout_s=600, max_starting=2)


def test_a_follow_up_costs_what_was_measured() -> None:
    talk = Talk("a", 0.0, ((0.0, 1.0), (5.0, 1.0)))
    outcome = Simulation(policy.plan, size(1), [talk]).run()
    assert outcome.sources == {Source.COLD: 1, Source.HOT: 1}
    assert outcome.waits_s[""] == pytest.approx([START_S + BIND_MS / 1000, HOT_S])


def test_a_conversation_that_was_evicted_is_told_again_on_a_new_process() -> None:
    talks = [Talk("a", 0.0, ((0.0, 1.0), (9.0, 1.0))), Talk("b", 4.0, ((0.0, 1.0),))]
    outcome = Simulation(plain_lru.plan, size(1), talks).run()
    assert outcome.sources == {Source.COLD: 3}
    assert outcome.waits_s[""][2] == pytest.approx(END_S + START_S + (BIND_MS + 2 * MESSAGE_MS) / 1000)
    assert (outcome.most_processes, outcome.starts) == (1, 3)


def test_every_turn_of_every_trace_is_served_within_the_bound() -> None:
    for make in TRACES.values():
        talks = [talk for talk in make(random.Random(5)) if talk.begin_s < 1200]
        for plan, warm in pool_policy.POLICIES.values():
            outcome = Simulation(plan, size(3, warm), talks).run()
            assert sum(map(len, outcome.waits_s.values())) == sum(len(talk.turns) for talk in talks)
            assert outcome.most_processes <= 3


def test_traces_are_the_same_for_the_same_seed() -> None:
    for make in TRACES.values():
        assert list(make(random.Random(1))) == list(make(random.Random(1)))


def test_where_the_policy_is_worse_is_said() -> None:
    assert missed([LRU, OURS]) == []
    assert missed([LRU, replace(OURS, p99_ms=800)]) == ["t: p99_ms 800 instead of 700"]
    assert missed([LRU, replace(LRU, policy="Hotseat")]) == ["nowhere better than LRU"]


def test_on_people_and_one_shots_the_policy_beats_lru() -> None:
    rows = [pool_policy.measure("people and one-shots", name, capacity=12, seeds=1) for name in pool_policy.POLICIES]
    assert missed(rows) == []
    assert rows[1].mean_ms < rows[0].mean_ms / 2
    assert "people and one-shots     Hotseat" in table(rows)

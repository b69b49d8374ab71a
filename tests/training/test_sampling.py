"""Order, split, schedule and average."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from training.ema import Ema
from training.sampling import Key, KeyedSampler, rng_of
from training.schedule import warmup_cosine
from training.split import half, is_validation


def test_every_epoch_has_another_order_of_all_samples() -> None:
    sampler = KeyedSampler(20, seed=1, batch=5)
    orders = []
    for epoch in (0, 1):
        sampler.begin(epoch)
        keys = list(sampler)
        assert len(keys) == len(sampler) == 20 and {k.epoch for k in keys} == {epoch}
        orders.append([k.index for k in keys])
        assert sorted(orders[-1]) == list(range(20))
    assert orders[0] != orders[1]
    sampler.begin(0)
    assert [k.index for k in sampler] == orders[0]


def test_an_epoch_can_be_entered_in_the_middle() -> None:
    sampler = KeyedSampler(23, seed=1, batch=5)
    whole = list(sampler)
    assert len(whole) == 20  # the three left over make no batch
    sampler.begin(0, start_step=3)
    assert list(sampler) == whole[15:] and len(sampler) == 5


def test_processes_share_a_joint_batch_without_overlap() -> None:
    alone = list(KeyedSampler(24, seed=1, batch=6))
    parts = [list(KeyedSampler(24, seed=1, batch=3, rank=r, world=2)) for r in (0, 1)]
    for step in range(4):
        joint = {k for part in parts for k in part[3 * step : 3 * step + 3]}
        assert joint == set(alone[6 * step : 6 * step + 6])


def test_weights_make_samples_more_frequent() -> None:
    weights = np.ones(1000)
    weights[:100] = 9
    sampler = KeyedSampler(1000, seed=0, batch=10, weights=weights)
    assert np.mean([k.index < 100 for k in sampler]) == pytest.approx(0.5, abs=0.05)
    # Shown again, a sample looks different: the same crop nine times would be learned by heart.
    keys = list(sampler)
    assert len(set(keys)) == len(keys) == 1000
    again = [k for k in keys if k.repeat == 1]
    assert again and all(Key(k.epoch, k.index) in keys for k in again)
    one, two = (rng_of(0, Key(0, again[0].index, i)).random() for i in (0, 1))
    assert one != two
    with pytest.raises(ValueError, match="3 weights for 1000"):
        KeyedSampler(1000, seed=0, batch=10, weights=np.ones(3))


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than one batch"):
        KeyedSampler(7, seed=0, batch=4, world=2)


def test_a_sample_is_random_by_seed_epoch_and_index() -> None:
    first = rng_of(0, Key(1, 2)).random(3)
    assert np.array_equal(first, rng_of(0, Key(1, 2)).random(3))
    for seed, key in ((1, Key(1, 2)), (0, Key(2, 2)), (0, Key(1, 3)), (0, Key(2, 1))):
        assert not np.array_equal(first, rng_of(seed, key).random(3))


def test_the_split_is_by_name_alone_and_about_its_share() -> None:
    names = [f"Person_{i}" for i in range(4000)]
    held = [is_validation(n) for n in names]
    assert np.mean(held) == pytest.approx(0.15, abs=0.02)
    assert is_validation("Ada_Lovelace") == is_validation(" ada_lovelace ")
    assert all(is_validation(n, 0.5) for n, h in zip(names, held, strict=True) if h)


def test_the_rate_rises_and_then_falls_to_its_floor() -> None:
    rates = [warmup_cosine(s, 100, 0.1, 0.01) for s in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[9] == 1.0
    assert all(a < b for a, b in pairwise(rates[:10]))
    assert all(a > b for a, b in pairwise(rates[10:]))
    assert rates[55] == pytest.approx(0.505) and rates[-1] == pytest.approx(0.01, abs=1e-3)


def test_the_average_follows_and_counts_are_copied() -> None:
    net = nn.BatchNorm1d(2)
    average = Ema(net, 0.5)
    for _ in range(200):
        with torch.no_grad():
            net.weight.fill_(3.0)
            net.num_batches_tracked += 1
        average.update(net)
    assert average.module.weight.tolist() == pytest.approx([3.0, 3.0], abs=1e-4)
    assert int(average.module.num_batches_tracked) == 200
    assert not any(p.requires_grad for p in average.module.parameters())
    with pytest.raises(ValueError, match="EMA"):
        Ema(net, 1.0)


def test_halves_are_about_equal_and_do_not_follow_from_who_is_held_back() -> None:
    names = [f"Person_{i}" for i in range(2000)]
    for side in (True, False):
        some = [half(n) for n in names if is_validation(n) == side]
        assert 0.42 < sum(some) / len(some) < 0.58
    assert half("Ada_Lovelace") == half(" ada_lovelace ")

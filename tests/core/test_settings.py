"""One statement of every setting, for every host."""

import json
from dataclasses import dataclass, fields, replace

import pytest

from inbetween.core.errors import InbetweenError, SettingsError
from inbetween.core.settings import Settings, check, describe, fingerprint, for_gap, from_mapping, option


def test_defaults_are_legal() -> None:
    check(Settings())


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("scheme", "tetrads", "auto, triads, direct"),
        ("clamp", "hard", "off, binary, palette"),
        ("theta", 1.5, "between 0.0 and 1.0"),
        ("epsilon", float("nan"), "between 0.0 and 1.0"),
        ("kmeans", -1, "between 0 and 64"),
        ("kmeans", 2.0, "int"),
        ("on", 0, "between 1 and 24"),
        ("on", True, "int"),
        ("cut_threshold", "high", "float"),
        ("memory", 1, "at least 128"),
        ("device", "tpu", "auto, cpu, cuda"),
        ("model", None, "str"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_can(name: str, value: object, says: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings(**{name: value})  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert isinstance(caught.value, InbetweenError)


def test_a_whole_number_may_stand_for_a_real_one() -> None:
    assert Settings(theta=0).theta == 0


def test_plain_values_make_the_same_settings() -> None:
    wanted = Settings(model="akanet", on=2)
    values = {item.name: getattr(wanted, item.name) for item in fields(wanted)}
    assert from_mapping(Settings, json.loads(json.dumps(values))) == wanted


def test_an_unknown_setting_is_named_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'speed'.*model, scheme"):
        from_mapping(Settings, {"speed": 3})


def test_settings_describe_themselves_in_plain_values() -> None:
    rows = describe(Settings)
    assert json.loads(json.dumps(rows)) == [{**row, "choices": list(row["choices"])} for row in rows]
    assert [row["name"] for row in rows] == [item.name for item in fields(Settings)]
    assert all(row["help"].endswith(".") for row in rows)
    assert {row["name"]: row["type"] for row in rows}["theta"] == "float"


def test_equal_settings_have_equal_fingerprints_and_pictures_decide() -> None:
    assert fingerprint(Settings()) == fingerprint(Settings())
    whole, real = Settings(cut_threshold=1), Settings(cut_threshold=1.0)
    assert (whole, fingerprint(whole)) == (real, fingerprint(real))
    assert fingerprint(replace(Settings(), device="cpu", memory=4096, engine="torch")) == fingerprint(Settings())
    for change in ({"on": 2}, {"theta": 0.4}, {"timing": "ease-in"}, {"cut_threshold": 1.0}, {"model": "akanet"}):
        assert fingerprint(replace(Settings(), **change)) != fingerprint(Settings())


def test_the_settings_of_a_gap_know_no_other_gap_s_timing() -> None:
    for plain in ("linear", "ease-in", "0.1, 0.4"):
        assert for_gap(Settings(timing=plain), 9) == Settings(timing=plain)
    one, other = (Settings(timing=f"1:ease-in 9:{chart}", on=2) for chart in ("0.2,0.5", "0.2,0.6"))
    assert for_gap(one, 1) == for_gap(other, 1) == Settings(timing="ease-in", on=2)
    assert for_gap(one, 9) == Settings(timing="0.2,0.5", on=2)
    assert fingerprint(for_gap(one, 9)) != fingerprint(for_gap(other, 9))


def test_an_optional_setting_may_be_left_open() -> None:
    @dataclass(frozen=True)
    class Job:
        insert: int | None = option(None, "New frames between keys.", minimum=1)

    check(Job())
    check(Job(3))
    assert describe(Job)[0]["type"] == "int"
    with pytest.raises(SettingsError, match="at least 1"):
        check(Job(0))

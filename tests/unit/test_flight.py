"""A flight passes its keyframes exactly, bends without a jerk, runs the flood meanwhile, and says what is wrong with it."""

from __future__ import annotations

import itertools
import json
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.domain.flight import MAX_KEYFRAMES, Flight, FlightError, Keyframe
from console.domain.flight_camera import DISTANCE_KM, PITCH, Clearance, FlightCamera, eye_of
from console.domain.flight_document import flight_doc, flight_from_doc, flight_from_json, flight_json
from console.domain.time import from_beijing
from scenes.camera import FARTHEST_KM, HIGHEST, LOWEST, NEAREST_KM, OrbitCamera

SHAOGUAN = FlightCamera(113.59, 24.80, 60.0, 350.0, 30.0, 50.0)
YINGDE = FlightCamera(113.41, 24.19, 25.0, 20.0, 34.0, 22.0)
FEILAIXIA = FlightCamera(113.25, 23.81, 12.0, 60.0, 20.0, 13.0)
SHIJIAO = FlightCamera(112.96, 23.57, 40.0, 30.0, 60.0, 4.0)
NOON, NIGHT = from_beijing("2022-06-22 12:00"), from_beijing("2022-06-22 22:00")


def down_the_river(**kinds) -> Flight:
    cameras = (SHAOGUAN, YINGDE, FEILAIXIA, SHIJIAO)
    keys = tuple(Keyframe(t, c) for t, c in zip((0.0, 6.0, 9.0, 20.0), cameras, strict=True))
    return Flight("沿北江", keys, **kinds)


def values(camera: FlightCamera) -> tuple[float, ...]:
    return (camera.lon, camera.lat, math.log(camera.distance_km), camera.heading, camera.pitch, camera.height_m)


def slope(flight: Flight, t: float, step: float) -> list[float]:
    here, there = values(flight.at(t).camera), values(flight.at(t + step).camera)
    return [((b - a + 180) % 360 - 180 if n == 3 else b - a) / step for n, (a, b) in enumerate(zip(here, there, strict=True))]


def test_the_camera_is_exactly_where_a_keyframe_put_it():
    for flight in (down_the_river(), down_the_river(pace="steady")):
        for key in flight.keyframes:
            assert flight.at(key.t_s).camera == key.camera
        assert flight.at(-5.0).camera == SHAOGUAN
        assert flight.at(999.0).camera == SHIJIAO


def test_it_passes_a_keyframe_without_a_jerk():
    flight = down_the_river()
    for t in (6.0, 9.0):
        before, after = slope(flight, t, -1e-5), slope(flight, t, 1e-5)
        assert before == pytest.approx(after, abs=2e-3)
        assert abs(after[1]) > 0.02, "it does not stop there either"
    assert slope(flight, 0.0, 1e-4) == pytest.approx([0.0] * 6, abs=1e-2), "it sets out softly"
    assert slope(flight, 20.0, -1e-4) == pytest.approx([0.0] * 6, abs=1e-2)


def test_between_two_keyframes_it_flies_as_the_sandbox_does():
    flight = Flight("两点", (Keyframe(0.0, SHAOGUAN), Keyframe(4.0, YINGDE)))
    begin, end = (OrbitCamera(0, 0, 0, c.distance_km, c.heading, c.pitch) for c in (SHAOGUAN, YINGDE))
    for part in (0.1, 0.35, 0.5, 0.8):
        here, there = flight.at(4.0 * part).camera, begin.towards(end, part)
        assert (here.distance_km, here.heading, here.pitch) == pytest.approx((there.distance_km, there.heading, there.pitch))


def test_distance_and_pitch_stay_between_neighbouring_keyframes():
    flight = down_the_river()
    for a, b in itertools.pairwise(flight.keyframes):
        for n in range(41):
            c = flight.at(a.t_s + (b.t_s - a.t_s) * n / 40).camera
            for name in ("distance_km", "pitch", "height_m"):
                low, high = sorted((getattr(a.camera, name), getattr(b.camera, name)))
                assert low - 1e-9 <= getattr(c, name) <= high + 1e-9


def test_it_turns_through_north_the_short_way():
    headings = [down_the_river().at(n / 10).camera.heading for n in range(61)]
    assert all(h >= 350 or h <= 20 for h in headings)


def test_a_cut_stays_and_then_is_there_a_straight_leg_keeps_its_pace_a_rest_rests():
    keys = (
        Keyframe(0.0, SHAOGUAN),
        Keyframe(4.0, YINGDE, ease="cut"),
        Keyframe(8.0, FEILAIXIA, ease="linear", dwell_s=2.0),
        Keyframe(14.0, SHIJIAO),
    )
    flight = Flight("各种", keys)
    assert flight.at(3.99).camera == SHAOGUAN
    assert flight.at(4.0).camera == YINGDE
    rates = [slope(flight, t, 0.01) for t in (4.5, 6.0, 7.5)]
    assert rates[0] == pytest.approx(rates[1], abs=1e-5)
    assert rates[2] == pytest.approx(rates[1], abs=1e-5)
    assert {flight.at(t).camera for t in (8.0, 9.0, 10.0)} == {FEILAIXIA}
    assert flight.length_s == 14.0


def test_at_one_pace_the_picture_moves_evenly():
    flight = down_the_river(pace="steady")
    assert [k.t_s for k in flight.keyframes][::3] == [0.0, 20.0], "where it begins and ends stays"
    assert flight.keyframes[1].t_s != 6.0, "what lies between is moved"

    def moved(t: float) -> float:
        lon, lat, far, heading, pitch, height = slope(flight, t, 1e-3)
        c = flight.at(t).camera
        km = 111.2 / c.distance_km
        east = lon * km * math.cos(math.radians(c.lat))
        turns = math.radians(heading), math.radians(pitch)
        return math.hypot(east, lat * km, far, height / 1000 / c.distance_km, *turns)

    speeds = [moved(1.2 + 17.6 * n / 60) for n in range(61)]
    assert max(speeds) / min(speeds) < 1.03
    rough = down_the_river()
    uneven = [math.hypot(*slope(rough, 1.2 + 17.6 * n / 60, 1e-3)[:2]) for n in range(61)]
    assert max(uneven) / min(uneven) > 2, "the same way, timed by hand, is not even"


def test_the_eye_never_sinks_into_a_hill():
    def hill(lon: float, lat: float) -> float:
        return 3000.0 * math.exp(-(((lat - 23.9) / 0.1) ** 2))

    flight, clearance = down_the_river(), Clearance(hill, above_m=100.0, exaggeration=8.0)
    rooms, raised = [], []
    for n in range(401):
        bare, kept = flight.at(n / 20).camera, flight.at(n / 20, clearance).camera
        lon, lat, eye_m = eye_of(kept, 8.0)
        rooms.append(eye_m - hill(lon, lat))
        raised.append(kept.height_m - bare.height_m)
    assert min(rooms) >= 100.0 - 1e-6
    assert max(raised) > 500.0
    assert raised[0] == 0.0, "where there is room nothing changes"


def test_the_eye_is_raised_softly():
    eye_m = eye_of(FEILAIXIA)[2]
    grounds = [eye_m - 300.0 + n for n in range(500)]
    lifts = [Clearance(lambda lon, lat, g=g: g, above_m=100.0).kept(FEILAIXIA).height_m - FEILAIXIA.height_m for g in grounds]
    rates = [b - a for a, b in itertools.pairwise(lifts)]
    assert rates[0] == 0.0 and rates[-1] == pytest.approx(1.0)
    assert max(b - a for a, b in itertools.pairwise(rates)) < 0.011, "no kink where the ground begins to matter"


def test_unknown_ground_does_not_move_the_camera():
    assert Clearance(lambda lon, lat: None).kept(FEILAIXIA) == FEILAIXIA


def test_the_flood_runs_while_the_camera_flies_and_while_it_rests():
    keys = (
        Keyframe(0.0, SHAOGUAN, NOON, dwell_s=4.0),
        Keyframe(5.0, YINGDE),
        Keyframe(10.0, FEILAIXIA, NIGHT, dwell_s=5.0),
    )
    flight = Flight("时刻", keys)
    assert flight.at(0.0).situation_t == NOON
    assert flight.at(2.0).situation_t == NOON + 7200
    assert flight.at(5.0).situation_t == NOON + 18000, "a keyframe without a time does not hold it up"
    assert flight.at(10.0).situation_t == flight.at(14.0).situation_t == NIGHT


def test_before_any_time_is_given_the_consoles_clock_is_followed():
    flight = Flight("时刻", (Keyframe(0.0, SHAOGUAN), Keyframe(5.0, YINGDE, NOON), Keyframe(9.0, SHIJIAO)))
    assert flight.at(4.0).situation_t is None
    assert flight.at(8.0).situation_t == NOON
    assert not flight.timed


def test_captions_fade_and_a_still_has_its_whole_caption():
    keys = (Keyframe(0.0, SHAOGUAN, caption="起涨"), Keyframe(5.0, YINGDE, caption="起涨"), Keyframe(8.0, SHIJIAO, dwell_s=2))
    flight = Flight("字幕", keys)
    shown = {t: flight.at(t).caption_alpha for t in (0.0, 0.25, 2.0, 5.0, 7.75, 9.0)}
    assert shown == {0.0: 0.0, 0.25: 0.5, 2.0: 1.0, 5.0: 1.0, 7.75: 0.5, 9.0: 0.0}
    assert flight.still(0).caption_alpha == 1.0
    assert flight.still(2).caption_alpha == 0.0


def test_layers_and_selection_hold_until_another_keyframe_changes_them_wherever_one_begins():
    keys = (
        Keyframe(0.0, SHAOGUAN),
        Keyframe(2.0, YINGDE, layers=("rivers",), selection="LOC00106"),
        Keyframe(4.0, FEILAIXIA),
        Keyframe(6.0, SHIJIAO, selection="", dwell_s=1),
    )
    flight = Flight("图层", keys)
    seen = [(flight.at(t).layers, flight.at(t).selection) for t in (1.0, 3.0, 5.0, 6.5)]
    assert seen == [(None, None), (("rivers",), "LOC00106"), (("rivers",), "LOC00106"), (("rivers",), "")]


def test_a_flight_travels_as_json_and_comes_back_the_same():
    keys = (
        Keyframe(0.0, SHAOGUAN, NOON, ("rivers", "rain@60"), "石角站流量18500 m³/s", "人民日报 2022-06-22", "LOC00112"),
        Keyframe(3.7, YINGDE, selection=""),
        Keyframe(9.1, SHIJIAO, NIGHT, dwell_s=1.5),
        Keyframe(12.0, FEILAIXIA, ease="cut", dwell_s=3.0),
    )
    for pace in ("free", "steady"):
        flight = Flight("一段飞行", keys, "值班员", "演练", pace)
        assert flight_from_json(flight_json(flight)) == flight


def whole() -> dict:
    return flight_doc(down_the_river())


FAULTS = [
    (("keyframe", 2, "camera", "pitch"), 120, "第 3 个关键帧 camera.pitch：120"),
    (("keyframe", 1, "camera", "distance_km"), float("nan"), "第 2 个关键帧 camera.distance_km：nan"),
    (("keyframe", 0, "camera", "lon"), "113.5", "camera.lon：'113.5'"),
    (("keyframe", 1, "camera", "heading"), True, "camera.heading：True"),
    (("keyframe", 1, "camera"), [113.5, 24.0], "第 2 个关键帧 camera：[113.5, 24.0]"),
    (("keyframe", 1, "t_s"), -1, "第 2 个关键帧 t_s：-1"),
    (("keyframe", 2, "t_s"), 6.0, "第 3 个关键帧 t_s：6"),
    (("keyframe", 0, "t_s"), 1.0, "第 1 个关键帧 t_s：1.0 应为 0"),
    (("keyframe", 1, "dwell_s"), 3.5, "第 3 个关键帧 t_s：9"),
    (("keyframe", 1, "ease"), "bounce", "第 2 个关键帧 ease：'bounce' 应为 smooth、linear、cut 之一"),
    (("keyframe", 1, "caption"), "字" * 121, "应为不超过 120 个字的文字"),
    (("keyframe", 1, "caption"), "一行\n两行", "不能有换行和控制字符"),
    (("keyframe", 1, "situation_t"), 9e99, "situation_t：9e+99"),
    (("keyframe", 1, "at"), "昨天", "at：'昨天' 应为带引号的北京时间"),
    (("keyframe", 1, "layers"), "rivers", "layers：'rivers'"),
    (("keyframe", 1, "speed"), 3, "第 2 个关键帧 speed：3 不认识这一项"),
    (("pace",), "fast", "pace：'fast'"),
    (("name",), " ", "name：' ' 不能空着"),
    (("schema",), 2, "schema：2"),
    (("keyframe",), {}, "keyframe："),
    (("keyframe",), [], "有 0 个关键帧"),
]


@pytest.mark.parametrize(("path", "value", "words"), FAULTS)
def test_what_is_wrong_is_told_with_key_and_value(path, value, words):
    doc = json.loads(json.dumps(whole()))
    place = doc
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(FlightError) as told:
        flight_from_doc(doc)
    assert words in str(told.value)


def test_keyframes_that_all_but_coincide_do_no_harm():
    near = FlightCamera(113.59 + 1e-12, 24.80, 60.0, 350.0, 30.0, 50.0)
    keys = (Keyframe(0.0, SHAOGUAN), Keyframe(2.0, near), Keyframe(4.0, YINGDE), Keyframe(6.0, YINGDE, dwell_s=1.0))
    for pace in ("free", "steady"):
        flight = Flight("原地", keys, pace=pace)
        assert [k.t_s for k in flight.keyframes] == [0.0, 2.0, 4.0, 6.0], "what stands still keeps its time"
        assert flight.at(1.9).camera.lon == pytest.approx(113.59)
        assert flight_from_json(flight_json(flight)) == flight


def test_whatever_the_hand_can_look_at_can_be_a_keyframe():
    assert PITCH == (LOWEST, HIGHEST)
    assert DISTANCE_KM == (NEAREST_KM, FARTHEST_KM)


def test_a_missing_key_is_named():
    doc = whole()
    del doc["keyframe"][1]["camera"]["lat"]
    with pytest.raises(FlightError, match="第 2 个关键帧 camera.lat：缺少"):
        flight_from_doc(doc)


def test_a_film_has_its_limits():
    many = tuple(Keyframe(float(n), SHAOGUAN) for n in range(MAX_KEYFRAMES + 1))
    with pytest.raises(FlightError, match="201 个关键帧"):
        Flight("太多", many)
    with pytest.raises(FlightError, match="不超过 30 分钟"):
        Flight("太长", (Keyframe(0.0, SHAOGUAN), Keyframe(1790.0, YINGDE, dwell_s=20.0)))
    with pytest.raises(FlightError, match="应大于 0"):
        Flight("一瞬", (Keyframe(0.0, SHAOGUAN),))
    with pytest.raises(FlightError, match="不是 JSON"):
        flight_from_json("[" * 100_000)
    assert len(Flight("正好", many[:-1]).keyframes) == MAX_KEYFRAMES


def test_a_film_has_as_many_frames_as_its_length_takes():
    flight = down_the_river()
    assert [flight.frames(fps) for fps in (1, 25, 30)] == [20, 500, 600]
    assert Flight("短", (Keyframe(0.0, SHAOGUAN, dwell_s=0.41),)).frames(10) == 5


cameras = st.builds(
    FlightCamera,
    st.floats(110.0, 117.0),
    st.floats(20.5, 25.5),
    st.floats(1.0, 600.0),
    st.floats(0.0, 360.0),
    st.floats(4.0, 89.0),
    st.floats(0.0, 900.0),
)
legs = st.lists(
    st.tuples(
        cameras, st.floats(0.2, 20.0), st.sampled_from(["smooth", "linear", "cut"]), st.sampled_from([0.0, 0.0, 0.0, 1.5])
    ),
    min_size=2,
    max_size=9,
)


NEAR, HIGH, TURNED, FAR = (
    FlightCamera(*c) for c in ((110.0, 21.0, 1.0), (110.0, 21.0, 2.0), (110.0, 21.0, 1.0, 43.0), (115.0, 21.0, 1.0))
)


@settings(max_examples=100, deadline=None)
@given(legs, st.sampled_from(["free", "steady"]))
@example([(NEAR, 1.0, "smooth", 0.0), (TURNED, 1.0, "smooth", 0.0), (NEAR, 1.0, "smooth", 0.0)], "steady")  # turns back
@example([(NEAR, 1.0, "smooth", 0.0), (HIGH, 1.0, "cut", 0.0), (NEAR, 1.0, "linear", 0.0), (FAR, 1.0, "smooth", 0.0)], "steady")
def test_any_flight_stays_a_view_of_the_ground_hits_its_keyframes_and_never_jumps_but_by_a_cut(found, pace):
    keys, t = [], 0.0
    for camera, free, ease, dwell in found:
        keys.append(Keyframe(t, camera, ease=ease, dwell_s=dwell))
        t += dwell + free
    flight = Flight("任意", tuple(keys), pace=pace)
    assert flight_from_json(flight_json(flight)) == flight
    times = [k.t_s for k in flight.keyframes]
    assert all(b > a for a, b in itertools.pairwise(times))
    for key in flight.keyframes:
        assert flight.at(key.t_s).camera == key.camera
        if key.ease != "cut" and key.t_s > 0:
            near = values(flight.at(key.t_s - 1e-7).camera)
            assert near[:3] == pytest.approx(values(key.camera)[:3], abs=1e-3)
    for n in range(60):
        c = flight.at(flight.length_s * n / 59).camera
        assert all(math.isfinite(v) for v in values(c))
        assert 4.0 <= c.pitch <= 89.0

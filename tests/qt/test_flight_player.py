"""A flight on screen keeps to the clock, obeys the visitor, and gives way to the user's hand."""

from __future__ import annotations

import pytest

from console.domain.flight import Flight, Keyframe
from console.domain.flight_camera import FlightCamera
from console.domain.time import from_beijing
from scenes.film.orbit import flight_camera, orbit_of
from scenes.film.playback import FlightPlayer

NOON, NIGHT = from_beijing("2022-06-22 12:00"), from_beijing("2022-06-22 22:00")
SHIJIAO, FEILAIXIA = FlightCamera(112.96, 23.57, 40.0, 20.0, 40.0), FlightCamera(113.25, 23.81, 20.0, 60.0, 30.0)
FLIGHT = Flight("短片", (Keyframe(0.0, SHIJIAO, NOON, caption="石角"), Keyframe(1.6, FEILAIXIA, NIGHT, dwell_s=0.4)))


class Watch:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def played(qapp):
    """A player on a watch of ours; its own timer never runs, no loop turns."""

    def begin(**kinds):
        watch, moments, ends = Watch(), [], []
        player = FlightPlayer(watch, **kinds)
        player.moment.connect(moments.append)
        player.finished.connect(lambda: ends.append(watch.s))
        player.load(FLIGHT)
        return player, watch, moments, ends

    return begin


def test_playing_keeps_to_the_clock_however_slow_the_pictures_are(played):
    player, watch, moments, ends = played()
    player.play()
    for passed in (0.033, 0.033, 0.9, 0.04, 0.5):  # one picture took most of a second
        watch.s += passed
        player.tick()
    assert [m.t_s for m in moments] == pytest.approx([0.0, 0.033, 0.066, 0.966, 1.006, 1.506])
    assert moments[3] == FLIGHT.at(moments[3].t_s), "what is late is left out, nothing is slowed"
    watch.s += 5.0
    player.tick()
    player.tick()
    assert moments[-1] == FLIGHT.at(2.0), "the last picture is the flight's last"
    assert ends == [watch.s] and not player.playing


def test_a_visitor_pauses_seeks_hurries_and_lets_it_run_round(played):
    player, watch, moments, ends = played()
    player.play()
    watch.s += 0.5
    player.pause()
    watch.s += 60.0
    player.tick()
    assert player.t_s == pytest.approx(0.5) and len(moments) == 1
    player.play()
    watch.s += 0.25
    player.tick()
    assert moments[-1].t_s == pytest.approx(0.75)
    player.set_speed(2.0)
    watch.s += 0.25
    player.tick()
    assert moments[-1].t_s == pytest.approx(1.25)
    player.seek(0.1)
    assert moments[-1] == FLIGHT.at(0.1)
    player.set_speed(1.0)
    player.set_loop(True)
    watch.s += 2.2
    player.tick()
    assert moments[-1].t_s == pytest.approx(0.3) and ends == [] and player.playing
    player.set_loop(False)
    watch.s += 2.0
    player.tick()
    assert len(ends) == 1
    player.play()
    assert moments[-1].t_s == 0.0, "at the end it begins again"


def test_the_users_hand_takes_the_camera(played):
    player, watch, moments, ends = played()
    told = []
    player.interrupted.connect(lambda: told.append(player.t_s))
    player.interrupt()
    player.play()
    watch.s += 0.7
    player.interrupt()
    player.interrupt()
    watch.s += 9.0
    player.tick()
    assert told == [pytest.approx(0.7)] and len(moments) == 1 and ends == []
    player.play()
    assert moments[-1].t_s == pytest.approx(0.7), "and it goes on where it was"


def test_with_reduced_motion_it_cuts_from_keyframe_to_keyframe(played):
    player, watch, moments, ends = played(still=True)
    player.play()
    for _ in range(25):
        watch.s += 0.1
        player.tick()
    assert moments == [FLIGHT.still(0), FLIGHT.still(1)]
    assert moments[0].caption_alpha == 1.0
    assert len(ends) == 1


def test_by_its_own_timer_it_comes_to_the_end(qtbot, qapp):
    short = Flight("一瞬", (Keyframe(0.0, SHIJIAO, NOON), Keyframe(0.2, FEILAIXIA, NIGHT)))
    player, moments, told = FlightPlayer(), [], []
    player.moment.connect(moments.append)
    player.progress.connect(lambda t, length: told.append((t, length)))
    player.load(short)
    with qtbot.waitSignal(player.finished, timeout=10_000):
        player.play()
    assert moments[0] == short.at(0.0) and moments[-1] == short.at(0.2)
    assert [t for t, _ in told] == sorted(t for t, _ in told) and told[-1] == (0.2, 0.2)


def test_a_camera_on_screen_becomes_a_keyframe_and_comes_back():
    orbit = orbit_of(FEILAIXIA, 8.0)
    back = flight_camera(orbit, 8.0)
    assert (back.lon, back.lat, back.distance_km) == pytest.approx((113.25, 23.81, 20.0), abs=1e-9)
    raised = FlightCamera(113.25, 23.81, 20.0, 60.0, 30.0, 250.0)
    assert orbit_of(raised, 8.0).z == pytest.approx(2.0)
    assert flight_camera(orbit_of(raised, 8.0), 8.0).height_m == pytest.approx(250.0)

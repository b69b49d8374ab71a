"""What the daemon does between starting and stopping, without signals or argument parsing.

Its caller's thread takes frames all the way to a decision. Others (`edge.service_threads`) read the
camera into the newest-frame slot, relock the door by the clock, and wait for the request-to-exit
button, where there is one. Whatever raises in one of them ends the service with the door secured;
systemd starts it again.
"""

from __future__ import annotations

import logging
import threading
import time

import numpy as np

from edge import packs
from edge.audit import Audit
from edge.cameras import Frame
from edge.config import Config, effective
from edge.decide import Decision
from edge.door import (
    Clock,
    Door,
    DoorEvent,
    ExitButton,
    MonotonicClock,
    open_exit_button,
    open_lock,
)
from edge.errors import CameraError, ConfigError, FaceGateError
from edge.gallery import Gallery
from edge.pipeline import Pipeline
from edge.prompts import Prompter
from edge.sdnotify import Notifier
from edge.service_threads import EXIT_WAIT_S, CameraThread, ExitThread, Relocker, Taken, fields
from edge.slot import NewestSlot
from edge.vault import Vault
from edge.wall_clock import WallClock

log = logging.getLogger("face-gate")

STALE_S = 1.0
"""A frame of a live camera older than this decides nothing."""
FRAME_WAIT_S = 0.5
CAMERA_STOP_S = 4.0


class Service:
    """The door's daemon. `run()` returns after `stop()`; anything else is an error raised.

    The lock is claimed, secured, before all else, and let go last.
    """

    def __init__(self, config: Config, *, clock: Clock | None = None) -> None:
        self.config = config
        self._notifier = Notifier()
        self._stopping = threading.Event()
        self._reload_to: Config | None = None
        self._reload_wanted = threading.Event()
        self._slot: NewestSlot[Taken] = NewestSlot()
        self._fault: Exception | None = None
        self._ready = False
        self._camera_lost = False
        self._denied: int | None = None
        self._granted_in: int | None = None
        self.lock = open_lock(config.lock.uri, clock)
        self.exit_button: ExitButton | None = None
        try:
            if config.lock.exit_uri is not None:
                self.exit_button = open_exit_button(config.lock.exit_uri)
            self.audit = Audit(config.state.dir / "audit.jsonl")
            self.vault = Vault(config.state.dir)
            self.door = Door(
                self.lock,
                clock or MonotonicClock(),
                config.lock.pulse_s,
                config.lock.cooldown_s,
                self._on_door,
            )
            self._prompter = Prompter(self._notifier.status, self.audit.append)
            self.pipeline = self._pipeline(config)
        except BaseException:
            self.lock.close()
            if self.exit_button is not None:
                self.exit_button.close()
            raise

    def _pipeline(self, config: Config) -> Pipeline:
        i = config.inference
        pack = packs.load(i.pack, threads=i.threads, provider=i.provider)
        head = pack.manifest.roles.embedder.head
        gallery = Gallery.load(self.vault, pack.embedder_sha256, head.length)
        # A clock that has jumped is trusted again by whoever restarts or reloads the service.
        self._wall_clock = WallClock()
        pipeline = Pipeline(pack, gallery, config, local_time=self._wall_clock.now)
        log.info(
            "pack and gallery loaded %s",
            fields(
                pack=pack.manifest.name,
                version=pack.manifest.version,
                embedder=pack.embedder_sha256[:12],
                people=len(gallery),
            ),
        )
        self._say_bound(pipeline)
        return pipeline

    @staticmethod
    def _say_bound(pipeline: Pipeline) -> None:
        at = pipeline.standing
        bound = "none" if at.bound is None else f"{at.bound:.5f}"
        log.info(
            "bound %s",
            fields(
                people=len(pipeline.gallery),
                score_bound=bound,
                target_fpir=at.target,
                calibration=at.calibration,
            ),
        )
        for note in at.notes:
            log.warning("calibration stale, run `python -m edge.calibrate`: %s", note)

    # Called from elsewhere -------------------------------------------------------------------
    def stop(self) -> None:
        """End `run()` soon. Safe in a signal handler."""
        self._stopping.set()

    def reload(self, config: Config) -> None:
        """Take up a new configuration and the gallery before the next frame."""
        self._reload_to = config
        self._reload_wanted.set()

    # The service -----------------------------------------------------------------------------
    def run(self) -> None:
        """Serve until `stop()`. Raises what ended it otherwise; the door is secured either way."""
        log.info("configuration\n%s", effective(self.config))
        self.audit.append("start", pack=self.pipeline.pack.manifest.name)
        camera = CameraThread(self.config, self._slot)
        relocker = Relocker(self.door, self._fail)
        leaving = None
        if self.exit_button is not None:
            leaving = ExitThread(self.exit_button, self.door, self._fail)
        try:
            relocker.start()
            if leaving is not None:
                leaving.start()
            camera.start()
            while not self._stopping.is_set():
                if self._fault is not None:
                    raise self._fault
                if self._reload_wanted.is_set():
                    camera = self._reload(camera)
                self._next()
            self.audit.append("stop")
        finally:
            self._notifier.stopping()
            if leaving is not None:
                leaving.stop()
            try:
                self.door.secure("the service stops")
            finally:
                camera.stop()
                if leaving is not None and self.exit_button is not None:
                    leaving.join(4 * EXIT_WAIT_S)
                    self.exit_button.close()
                relocker.stop()
                relocker.join(1.0)
                # The door is secured by now; a thread left inside OpenCV would abort the exit.
                camera.join(CAMERA_STOP_S)
                self.door.close()
                self.audit.close()
                self.vault.close()
        log.info("stopped, door secured")

    def _next(self) -> None:
        try:
            taken = self._slot.take(FRAME_WAIT_S)
        except CameraError as error:
            self._lost(error)
            return
        if taken is None:
            if self._camera_lost and self._ready and not self._stopping.is_set():
                self._prove_alive()
            return
        if self._camera_lost:
            self._camera_lost = False
            self._say_watching()
        age = time.monotonic() - taken.arrived
        if age > STALE_S:
            log.warning("stale frame %s", fields(age_s=age))
            self.pipeline.forget()
            return
        gallery = self.pipeline.gallery.reload_if_changed(self.vault)
        if gallery is not self.pipeline.gallery:
            self.pipeline.gallery = gallery
            self._say_bound(self.pipeline)
            if self._ready:
                self._say_watching()
        step = self.pipeline.step(taken.frame)
        self._act(step.decision)
        if self._prompter.step(step.challenge):
            self._say_watching()
        if not self._ready:
            self._ready = True
            self._notifier.ready()
            self._say_watching()
            log.info("ready")
        # Fed here and nowhere else: a frame has gone all the way.
        self._notifier.alive()

    def _say_watching(self) -> None:
        self._notifier.status(f"watching, {len(self.pipeline.gallery)} enrolled")

    def _prove_alive(self) -> None:
        """Without a camera the watchdog still asks for work done: a blank picture goes all the
        way, and must not open the door. A camera that hangs silently does not get this far."""
        blank = Frame(np.zeros((480, 640, 3), np.uint8), time.monotonic(), 0)
        if self.pipeline.step(blank).decision.verdict == "grant":
            raise AssertionError("a blank picture was granted")
        self.pipeline.forget()
        self._notifier.alive()

    def _act(self, decision: Decision) -> None:
        if decision.verdict == "grant" and decision.person is not None:
            self.door_grant(decision)
        elif decision.verdict == "deny" and decision.track != self._denied:
            self._denied = decision.track
            self.audit.append("deny", track=decision.track, failed=list(decision.failed))
            log.info("deny %s", fields(track=decision.track, failed=",".join(decision.failed)))

    def door_grant(self, decision: Decision) -> None:
        """Open for a granted decision; it is recorded first, and once per pulse."""
        if self.door.is_open:
            return
        person, gates = decision.person, {g.name: g.as_json() for g in decision.gates}
        assert person is not None
        if decision.track != self._granted_in:
            self._granted_in = decision.track
            self.audit.append(
                "grant", person=person, score=decision.score, track=decision.track, gates=gates
            )
            log.info("grant %s", fields(person=person, score=decision.score, track=decision.track))
        self.door.grant(person)

    def _lost(self, error: CameraError) -> None:
        self._camera_lost = True
        self.pipeline.forget()
        self.door.revoke("camera lost")
        self.audit.append("camera_lost", error=str(error))
        log.error("camera lost, door locked %s", fields(error=str(error)))
        self._notifier.status(f"locked: camera lost: {error}")

    def _reload(self, camera: CameraThread) -> CameraThread:
        self._reload_wanted.clear()
        config = self._reload_to
        assert config is not None
        self._notifier.reloading()
        try:
            if (config.lock, config.state) != (self.config.lock, self.config.state):
                raise ConfigError("[lock] and [state] take effect with a restart only")
            pipeline = self._pipeline(config)
        except FaceGateError as error:
            log.error("reload refused, the old configuration stays %s", fields(error=str(error)))
            self._notifier.ready()
            return camera
        old, self.config, self.pipeline = self.config, config, pipeline
        # A new pipeline counts its tracks anew: none of them has been recorded yet.
        self._granted_in = self._denied = None
        logging.getLogger().setLevel(config.log.level.upper())
        if config.camera != old.camera:
            camera.stop()
            camera.join(5.0)
            camera = CameraThread(config, self._slot)
            camera.start()
        self.audit.append("reload")
        log.info("reloaded\n%s", effective(config))
        self._notifier.ready()
        return camera

    def _on_door(self, event: DoorEvent) -> None:
        if event.kind == "ignored":
            return
        self.audit.append("door", event=event.kind, person=event.person, reason=event.reason)
        log.log(
            logging.ERROR if event.kind == "fault" else logging.INFO,
            "door %s",
            fields(event=event.kind, person=event.person or "-", reason=event.reason),
        )

    def _fail(self, error: Exception) -> None:
        log.critical("%s failed %s", threading.current_thread().name, fields(error=str(error)))
        self._fault = error

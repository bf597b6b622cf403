# SPDX-License-Identifier: BSD-3-Clause
"""A child process with its output in a file that can be waited on. All is bounded in time."""
import os
import re
import signal
import subprocess
import time

from kit import paths


PATIENCE = 30.0  # seconds; what takes moments may take this long on a machine that is busy


def eventually(check, timeout=10.0, what="", pause=0.02):
    """Calls check until it returns something true; returns that. Raises AssertionError after
    timeout, or after PATIENCE if that is longer: to wait for a condition costs nothing."""
    timeout = max(timeout, PATIENCE)
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError("not within %g s: %s" % (timeout, what or check))
        time.sleep(pause)


class Process:
    """started: list of arguments; name: of the log file in the run's folder."""

    counter = 0

    def __init__(self, name, arguments, env=None, cwd=None, stdin=None):
        Process.counter += 1
        self.name = name
        self.log_path = paths.work("%02d-%s.log" % (Process.counter, name))
        self.log = open(self.log_path, "ab", buffering=0)
        environment = dict(os.environ)
        environment.update(env or {})
        self.popen = subprocess.Popen(
            arguments, stdout=self.log, stderr=subprocess.STDOUT, cwd=cwd, env=environment,
            stdin=stdin or subprocess.DEVNULL, start_new_session=True)
        self.mark = 0

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def text(self, since=0):
        with open(self.log_path, "rb") as log:
            log.seek(since)
            return log.read().decode("utf-8", "replace")

    def position(self):
        """A place in the log, for text() and wait_line()."""
        return os.path.getsize(self.log_path)

    def wait_line(self, pattern, timeout=10.0, since=0):
        """Waits for a line that matches; returns the match."""
        expression = re.compile(pattern, re.M)

        def look():
            found = expression.search(self.text(since))
            if not found and not self.alive():
                found = expression.search(self.text(since))
                if not found:
                    raise AssertionError("%s ended (%s) before %r:\n%s" % (
                        self.name, self.popen.returncode, pattern, self.text(since)[-3000:]))
            return found

        return eventually(look, timeout, "%s prints %r (see %s)" % (
            self.name, pattern, self.log_path))

    def send_signal(self, number):
        if self.alive():
            os.kill(self.pid, number)

    def wait(self, timeout=PATIENCE):
        return self.popen.wait(max(timeout, PATIENCE))

    def kill(self):
        self.send_signal(signal.SIGKILL)
        self.popen.wait(10)
        self.log.close()

    def stop(self, timeout=2 * PATIENCE, number=signal.SIGTERM):
        """Orderly end; returns the exit code. A process that does not end is a failure."""
        try:
            self.send_signal(number)
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("%s did not end within %g s of signal %d" % (
                self.name, timeout, number)) from None
        finally:
            if not self.log.closed:
                self.log.close()


def run(arguments, timeout=4 * PATIENCE, check=True, **more):
    """Runs to the end; returns the CompletedProcess with text output."""
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout, universal_newlines=True, **more)
    if check and done.returncode != 0:
        raise AssertionError("%s: exit code %d\n%s" % (
            " ".join(arguments), done.returncode, done.stdout[-3000:]))
    return done


def port_open(host, port, timeout=10.0):
    """Waits until a TCP port accepts."""
    import socket

    def attempt():
        try:
            socket.create_connection((host, port), 0.5).close()
            return True
        except OSError:
            return False

    eventually(attempt, timeout, "%s:%d accepts" % (host, port))

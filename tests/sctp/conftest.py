# SPDX-License-Identifier: BSD-3-Clause
"""The kit of the system tests, for tests inside user-mode-linux."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "system")]

# SPDX-License-Identifier: BSD-3-Clause
"""What the system tests are made of: processes, certificates, gateways, core networks, captures."""

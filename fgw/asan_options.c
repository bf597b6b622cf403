// SPDX-License-Identifier: BSD-3-Clause
// Only in builds with AddressSanitizer: freeDiameter looks fd_ext_depends up in every extension, so
// each defines it, and the library loads them all into one name space. That is intended and no
// violation of the one-definition rule. Not for hiding real findings.
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_odr_violation=0";
}

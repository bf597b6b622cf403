// SPDX-License-Identifier: BSD-3-Clause
// Scripts: commands and expectations, one per line, for testers.
//
//   # comment
//   air 001010000000001 plmn=00101 vectors=1   a procedure; any field=value may follow
//   call S6aProxy/PurgeUE user_name=001...     any method
//   expect status OK                           gRPC status of the last answer
//   expect error_code 5001                     a field of the last answer or awaited request;
//   expect eutran_vectors.# 1                  .# counts elements, bytes or characters,
//   expect apn[0].service_selection *          * means present, - means absent or default
//   listen                                     opens the reverse tunnel ("listen legacy": SyncRPC)
//   reply CancelLocation error_code=5001       how to answer from now on; also status=, message=,
//                                              delay= and drop
//   await CancelLocation 5                     waits so many seconds for a request; expect reads it
//   none CancelLocation 1                      fails if such a request comes within so many seconds
//   session open IMSI [apn=NAME]               opens a session of the session model (session.h),
//                                              which from then on answers what comes for it
//   session use IMSI GROUP OCTETS              consumes as many of a rating group, and reports;
//                                              60s: seconds, 3u: service units;
//   session use IMSI GROUP OCTETS 1500         fails unless so many (all, if not told) were granted
//   session expect IMSI 10.state quota [2]     a property (session.h), within so many seconds
//   session close IMSI                         terminates it
//   run fgw-hss ...                            a shell command that must succeed
//   sleep 200                                  milliseconds
#pragma once

#include "agw_client/link.h"

// Runs the file ("-": standard input) until its end or the first line that fails. The result says
// whether all went well; what went wrong is printed as file:line.
enum err script_run(struct agwc *link, const char *path);

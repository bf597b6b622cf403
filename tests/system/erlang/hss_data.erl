%% SPDX-License-Identifier: BSD-3-Clause
%%
%% The subscription data of the Erlang HSS: which profile an IMSI has, and each profile in full
%% (TS 29.272 7.3.2), as the maps that OTP's codec encodes.
%% Not for: what the HSS does with it (hss.erl).
-module(hss_data).
-export([profile/1, subscription/2, names/0, msisdn/1, tbcd/1]).

names() ->
    [plain, full, fast, barred, ipv6, many, circuit, bare].

%% The last digit but three of the IMSI chooses; 8 and 9 are plain.
profile(Imsi) ->
    Digit = binary:at(Imsi, byte_size(Imsi) - 4) - $0,
    lists:nth(min(Digit, 8) + 1, names() ++ [plain]).

%% MSISDN 49151 followed by the last 8 digits of the IMSI.
msisdn(Imsi) ->
    <<"49151", (binary:part(Imsi, byte_size(Imsi), -8))/binary>>.

%% Digits to TBCD (TS 29.002): low nibble first, filler F.
tbcd(Digits) ->
    tbcd(Digits, <<>>).

tbcd(<<A, B, Rest/binary>>, Acc) -> tbcd(Rest, <<Acc/binary, (B - $0):4, (A - $0):4>>);
tbcd(<<A>>, Acc) -> <<Acc/binary, 15:4, (A - $0):4>>;
tbcd(<<>>, Acc) -> Acc.

%% One default APN, 100/50 Mbit/s.
subscription(plain, Imsi) ->
    (basic(Imsi))#{'APN-Configuration-Profile' => profile(1, [apn(1, <<"internet">>, #{})])};

%% The AMBR needs the extended AVPs: 10 Gbit/s down, 5 Gbit/s up (in kbit/s), bit rates capped.
subscription(fast, Imsi) ->
    Ambr = #{'Max-Requested-Bandwidth-UL' => 16#FFFFFFFF,
             'Max-Requested-Bandwidth-DL' => 16#FFFFFFFF,
             'Extended-Max-Requested-BW-UL' => 5000000,
             'Extended-Max-Requested-BW-DL' => 10000000},
    (basic(Imsi))#{'AMBR' => Ambr,
                   'APN-Configuration-Profile' =>
                       profile(1, [apn(1, <<"internet">>, #{'AMBR' => Ambr})])};

%% Operator determined barring: all packet services, and two operator-specific ones.
subscription(barred, Imsi) ->
    (subscription(plain, Imsi))#{'Subscriber-Status' => 1, 'Operator-Determined-Barring' => 1,
                                 'HPLMN-ODB' => 3};

%% IPv6, dual stack and non-IP APNs, static addresses of both families, the wildcard APN.
subscription(ipv6, Imsi) ->
    V4 = {10, 45, 0, 7},
    V6 = {16#2001, 16#db8, 0, 7, 0, 0, 0, 0},
    (basic(Imsi))#{'APN-Configuration-Profile' => profile(1,
        [apn(1, <<"v6only">>, #{'PDN-Type' => 1, 'Served-Party-IP-Address' => [V6]}),
         apn(2, <<"dual">>, #{'PDN-Type' => 2, 'Served-Party-IP-Address' => [V4, V6]}),
         apn(3, <<"either">>, #{'PDN-Type' => 3}),
         apn(4, <<"meters">>, #{'Non-IP-PDN-Type-Indicator' => 1,
                            'Non-IP-Data-Delivery-Mechanism' => 1,
                            'SCEF-ID' => <<"scef.example.org">>,
                            'SCEF-Realm' => <<"example.org">>}),
         apn(5, <<"*">>, #{})])};

%% 50 APNs: an answer of some 10 kB.
subscription(many, Imsi) ->
    Name = fun(N) -> list_to_binary(io_lib:format("apn~2..0b.example", [N])) end,
    (basic(Imsi))#{'APN-Configuration-Profile' =>
                       profile(1, [apn(N, Name(N), #{}) || N <- lists:seq(1, 50)])};

%% Packet and circuit, no APN at all.
subscription(circuit, Imsi) ->
    (maps:remove('AMBR', basic(Imsi)))#{'Network-Access-Mode' => 0};

%% The least that 29.272 allows: everything in Subscription-Data is optional.
subscription(bare, _Imsi) ->
    #{};

subscription(full, Imsi) ->
    maps:merge(full_apns(Imsi), maps:merge(full_lists(), full_late())).

basic(Imsi) ->
    #{'Subscriber-Status' => 0,
      'MSISDN' => tbcd(msisdn(Imsi)),
      'Network-Access-Mode' => 2,
      'Access-Restriction-Data' => 0,
      'Subscribed-Periodic-RAU-TAU-Timer' => 3240,
      'AMBR' => ambr(50000000, 100000000)}.

ambr(Up, Down) ->
    #{'Max-Requested-Bandwidth-UL' => Up, 'Max-Requested-Bandwidth-DL' => Down}.

profile(Default, Apns) ->
    #{'Context-Identifier' => Default, 'All-APN-Configurations-Included-Indicator' => 0,
      'APN-Configuration' => Apns}.

apn(Id, Name, More) ->
    maps:merge(#{'Context-Identifier' => Id, 'PDN-Type' => 0, 'Service-Selection' => Name,
                 'EPS-Subscribed-QoS-Profile' => qos(9, 8, 1, 0),
                 'VPLMN-Dynamic-Address-Allowed' => 0,
                 'AMBR' => ambr(10000000, 20000000)}, More).

%% Capability and vulnerability count as in the AVPs: 0 is enabled.
qos(Qci, Priority, Capability, Vulnerability) ->
    #{'QoS-Class-Identifier' => Qci,
      'Allocation-Retention-Priority' =>
          #{'Priority-Level' => Priority, 'Pre-emption-Capability' => Capability,
            'Pre-emption-Vulnerability' => Vulnerability}}.

agent(Host) ->
    #{'MIP-Home-Agent-Address' => [{192, 0, 2, 33}],
      'MIP-Home-Agent-Host' => #{'Destination-Host' => Host,
                                 'Destination-Realm' => <<"epc.example.org">>}}.

%% What most gateways read: identity, restrictions, three APNs with everything set.
full_apns(Imsi) ->
    Internet = apn(1, <<"internet">>, #{
        'PDN-Type' => 2, 'Served-Party-IP-Address' => [{10, 45, 0, 9}],
        'EPS-Subscribed-QoS-Profile' => qos(8, 3, 0, 1), 'PDN-GW-Allocation-Type' => 1,
        '3GPP-Charging-Characteristics' => <<"0400">>,
        'APN-OI-Replacement' => <<"mnc001.mcc001.gprs">>,
        'MIP6-Agent-Info' => agent(<<"pgw1.epc.example.org">>),
        'Visited-Network-Identifier' => <<"mnc001.mcc001.3gppnetwork.org">>,
        'SIPTO-Permission' => 1, 'LIPA-Permission' => 2, 'Restoration-Priority' => 4,
        'SIPTO-Local-Network-Permission' => 1,
        'WLAN-offloadability' => #{'WLAN-offloadability-EUTRAN' => 1,
                                   'WLAN-offloadability-UTRAN' => 0},
        'Preferred-Data-Mode' => 1, 'PDN-Connection-Continuity' => 1,
        'Interworking-5GS-Indicator' => 1}),
    Ims = apn(2, <<"ims">>, #{'EPS-Subscribed-QoS-Profile' => qos(5, 1, 0, 1),
                          'VPLMN-Dynamic-Address-Allowed' => 1}),
    Iot = apn(3, <<"iot">>, #{'PDN-Type' => 1, 'EPS-Subscribed-QoS-Profile' => qos(79, 15, 1, 0),
        'RDS-Indicator' => 1,
        'Specific-APN-Info' => [#{'Service-Selection' => <<"iot.special">>,
                                  'MIP6-Agent-Info' => agent(<<"pgw2.epc.example.org">>)}]}),
    (basic(Imsi))#{
        'A-MSISDN' => tbcd(<<"4930123456">>), 'STN-SR' => tbcd(<<"4917000099">>),
        'External-Identifier' => [<<"meter17@iot.example.org">>], 'ICS-Indicator' => 1,
        'Network-Access-Mode' => 0, 'Operator-Determined-Barring' => 4, 'HPLMN-ODB' => 1,
        'Regional-Subscription-Zone-Code' => [<<0, 1>>, <<0, 2>>, <<1, 255>>],
        'Access-Restriction-Data' => 16#28, 'APN-OI-Replacement' => <<"mnc001.mcc001.gprs">>,
        '3GPP-Charging-Characteristics' => <<"0800">>, 'RAT-Frequency-Selection-Priority-ID' => 7,
        'APN-Configuration-Profile' => profile(1, [Internet, Ims, Iot])}.

%% Lists of services and older data: LCS, barring, GPRS, CSG, trace.
full_lists() ->
    #{'LCS-Info' => #{
          'GMLC-Number' => [tbcd(<<"491710001">>)],
          'LCS-PrivacyException' => [#{
              'SS-Code' => <<16#B1>>, 'SS-Status' => <<5>>, 'Notification-To-UE-User' => 1,
              'External-Client' => [#{'Client-Identity' => tbcd(<<"491710002">>),
                                      'GMLC-Restriction' => 0}],
              'PLMN-Client' => [0, 3],
              'Service-Type' => [#{'ServiceTypeIdentity' => 2}]}],
          'MO-LR' => [#{'SS-Code' => <<16#C1>>, 'SS-Status' => <<5>>}]},
      'Teleservice-List' => #{'TS-Code' => [<<16#21>>, <<16#22>>]},
      'Call-Barring-Info' => [#{'SS-Code' => <<16#92>>, 'SS-Status' => <<5>>}],
      'Trace-Data' => #{
          'Trace-Reference' => <<0, 16#F1, 16#10, 1, 2, 3>>, 'Trace-Depth' => 2,
          'Trace-NE-Type-List' => <<16#40, 0>>, 'Trace-Interface-List' => <<0:88>>,
          'Trace-Event-List' => <<0:72>>, 'OMC-Id' => <<"omc1">>,
          'Trace-Collection-Entity' => {192, 0, 2, 77},
          'MDT-Configuration' => #{
              'Job-Type' => 1, 'Report-Interval' => 18, 'Report-Amount' => 7,
              'Logging-Interval' => 2, 'Logging-Duration' => 1,
              'Area-Scope' => #{'Tracking-Area-Identity' => [<<0, 16#F1, 16#10, 0, 1>>]},
              'MDT-Allowed-PLMN-Id' => [<<0, 16#F1, 16#10>>]}},
      'GPRS-Subscription-Data' => #{
          'Complete-Data-List-Included-Indicator' => 0,
          'PDP-Context' => [#{
              'Context-Identifier' => 11, 'PDP-Type' => <<16#F1, 16#21>>,
              'PDP-Address' => {10, 46, 0, 9}, 'QoS-Subscribed' => <<16#23, 16#62, 16#1F>>,
              'Service-Selection' => <<"internet">>, 'VPLMN-Dynamic-Address-Allowed' => 0,
              '3GPP-Charging-Characteristics' => <<"0400">>, 'Ext-PDP-Type' => <<16#F1, 16#8D>>,
              'Ext-PDP-Address' => {16#2001, 16#db8, 0, 9, 0, 0, 0, 0}}]},
      'CSG-Subscription-Data' => [#{
          'CSG-Id' => 16#12345, 'Expiration-Date' => {{2035, 1, 1}, {0, 0, 0}},
          'Service-Selection' => [<<"internet">>], 'Visited-PLMN-Id' => <<0, 16#F1, 16#10>>}],
      'ProSe-Subscription-Data' => #{
          'ProSe-Permission' => 3,
          'ProSe-Allowed-PLMN' => [#{'Visited-PLMN-Id' => <<0, 16#F1, 16#10>>,
                                     'ProSe-Direct-Allowed' => 1}]}}.

%% Rel-11 and later.
full_late() ->
    #{'MPS-Priority' => 2, 'VPLMN-LIPA-Allowed' => 1, 'Relay-Node-Indicator' => 0,
      'MDT-User-Consent' => 1, 'Subscribed-VSRVCC' => 0, 'Subscription-Data-Flags' => 3,
      'Adjacent-Access-Restriction-Data' => [#{'Visited-PLMN-Id' => <<0, 16#F1, 16#20>>,
                                               'Access-Restriction-Data' => 32}],
      'DL-Buffering-Suggested-Packet-Count' => 10,
      'IMSI-Group-Id' => [#{'Group-Service-Id' => 1, 'Group-PLMN-Id' => <<0, 16#F1, 16#10>>,
                            'Local-Group-Id' => <<1, 2, 3>>}],
      'UE-Usage-Type' => 128,
      'AESE-Communication-Pattern' => [#{
          'SCEF-ID' => <<"scef.example.org">>, 'SCEF-Reference-ID' => 11,
          'Communication-Pattern-Set' => [#{
              'Periodic-Communication-Indicator' => 0, 'Periodic-Time' => 3600,
              'Scheduled-Communication-Time' => [#{'Time-Of-Day-Start' => 3600}]}]}],
      'Monitoring-Event-Configuration' => [#{
          'SCEF-ID' => <<"scef.example.org">>, 'Monitoring-Type' => 1, 'SCEF-Reference-ID' => 12,
          'Maximum-Number-of-Reports' => 5,
          'UE-Reachability-Configuration' => #{'Reachability-Type' => 2,
                                               'Maximum-Response-Time' => 60}}],
      'Emergency-Info' => #{'MIP6-Agent-Info' => agent(<<"pgw-sos.epc.example.org">>)},
      'V2X-Subscription-Data' => #{'V2X-Permission' => 1, 'UE-PC5-AMBR' => 1000},
      'eDRX-Cycle-Length' => [#{'RAT-Type' => 1004, 'eDRX-Cycle-Length-Value' => <<5>>}],
      'Paging-Time-Window' => [#{'Operation-Mode' => 2, 'Paging-Time-Window-Length' => <<3>>}],
      'Active-Time' => 20, 'Service-Gap-Time' => 30,
      'Broadcast-Location-Assistance-Data-Types' => 16#100000001,
      'Aerial-UE-Subscription-Information' => 1, 'Core-Network-Restrictions' => 2,
      'Subscribed-ARPI' => 17}.

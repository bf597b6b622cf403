%% SPDX-License-Identifier: BSD-3-Clause
%%
%% An independent HSS for the system tests: S6a (TS 29.272) on Erlang/OTP's diameter application,
%% its codec compiled at start from dictionaries/ts29272.dia. It shares with the gateway only those
%% dictionary files. Every incoming message is decoded strictly: what does not fit the ABNF is
%% reported as an "error" line and answered with the 5xxx that RFC 6733 asks for.
%%
%%   tests/system/erlang/hss [option value]...
%%     --host IP          address to listen on                          127.0.0.1
%%     --port N           TCP port; 0 takes a free one                  3868
%%     --connect IP:PORT  connect to this peer as well (or --port none for only that)
%%     --identity NAME    Origin-Host                                   hss.example.org
%%     --realm NAME       Origin-Realm                                  example.org
%%     --control PORT     also take commands on 127.0.0.1:PORT (0: a free one); without it the
%%                        end of standard input ends the program
%%     --known PREFIX     IMSIs that begin so are subscribers           00101
%%     --k HEX --opc HEX --amf HEX   the key of every subscriber        TS 35.208 set 1, amf 8000
%%     --sqn N            SQN before the first vector; the step is 32   0
%%     --rand HEX         always this RAND (golden vectors)             random
%%     --watchdog MS      Tw, at least 6000                             30000
%%     --relocate yes     a ULR from another MME makes it send CLR to the old one     no
%%     --quiet yes        no line per request (load tests)              no
%%
%% Standard output: one JSON object per line, "event" tells which.
%%   ready    host, port, control           listening
%%   up/down  peer, realm                   a peer's connection opened or was lost; a request in the
%%                                          few ms between the CEA and "up" may be lost by OTP
%%   request  cmd, imsi, peer, avps         every request, all its AVPs as decoded
%%   error    cmd, peer, errors             a message that does not fit: code, avp, data of each
%%   answer   cmd, imsi, result, experimental, origin-host, ms, avps     to a command below;
%%            or failure: timeout, no_connection, encode, ...
%%
%% Commands, a line each, on standard input or the control port; the result is the answer line:
%%   clr IMSI [TYPE] [FLAGS]      TYPE 0..4 (TS 29.272 7.3.24), 2 = withdrawal unless given
%%   idr IMSI [PROFILE] [FLAGS]   PROFILE as below, or "none" for empty Subscription-Data
%%   dsr IMSI FLAGS [CONTEXT]...  DSR-Flags, context identifiers
%%   rsr [IMSI-PREFIX]...         User-Ids; to every registered MME, an answer line each
%%   to HOST REALM COMMAND...     any of the above, to this MME rather than the registered one
%%   behave IMSI CMD WHAT         CMD air, ulr, pur, nor or any; WHAT a code below, or "normal"
%%   profile IMSI PROFILE         changes the profile
%%   subscribers | peers          what is registered, who is connected
%%   disconnect                   DPR to every peer, listen again
%%   quit
%%
%% The IMSI says how a subscriber behaves. The last digit but three is the profile: 0 plain,
%% 1 full, 2 fast, 3 barred, 4 ipv6, 5 many, 6 circuit, 7 bare, 8 plain (hss_data.erl). If it is 9,
%% the next digit is what misbehaves (0 all commands, 1 ULR, 2 AIR, 3 PUR, 4 NOR) and the last two
%% tell how:
%%   01 Experimental-Result 5001 user unknown        04 5004 roaming not allowed
%%   20 5420 unknown EPS subscription                21 5421 RAT not allowed
%%   22 5422 unknown equipment                       23 5423 unknown serving node
%%   81 4181 authentication data unavailable         82 5004 with Error-Diagnostic 2 (ODB)
%%   12 Result-Code 5012    30 5030    02 3002 and 34 3004 (both with the E bit)
%%   50 no answer           51 after --slow   52 after 10 s     53 twice
%%   54 closes the connection                 55 answers an unknown hop-by-hop id first
%%   60 no Result-Code      61 2001 without any data   62 M-bit AVP 10415/9999 first
%%   63 five vectors        64 XRES of 3 bytes         65 Result-Code of 2 bytes
-module(hss).
-export([main/0]).
-export([peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3,
         handle_answer/4, handle_error/4, handle_request/3]).

-include_lib("diameter/include/diameter.hrl").
-include_lib("diameter/include/diameter_gen_base_rfc6733.hrl").

-define(DICT, ts29272).
-define(APP, 16777251).
-define(VENDOR, 10415).
-define(T, ?MODULE).

-import(peer_node, [opt/1, print/1, code/1]).

main() ->
    Opts = peer_node:options("hss", init:get_plain_arguments(), defaults()),
    ok = hss_aka:selftest(),
    ets:new(?T, [named_table, public, {read_concurrency, true}]),
    ets:insert(?T, {dict, hss_json:dictionary(?DICT)}),
    {ok, _} = application:ensure_all_started(crypto),
    peer_node:start(?MODULE, service(Opts), Opts, fun(Words, _) -> run(Words) end).

defaults() ->
    #{host => "127.0.0.1", port => "3868", connect => none, identity => "hss.example.org",
      realm => "example.org", control => none, known => "00101", sqn => "0", rand => none,
      k => "465b5ce8b199b49faa5f0a2ee238a6bc", opc => "cd63cb71954a9f4e48a5994e37a02baf",
      amf => "8000", watchdog => "30000", relocate => "no", slow => "2000", quiet => "no"}.

%% --- the diameter service ---------------------------------------------------------------------

service(#{identity := Host, realm := Realm}) ->
    [{'Origin-Host', Host}, {'Origin-Realm', Realm}, {'Vendor-Id', ?VENDOR},
     {'Product-Name', "Erlang HSS"}, {'Supported-Vendor-Id', [?VENDOR]},
     {'Vendor-Specific-Application-Id',
      [#'diameter_base_Vendor-Specific-Application-Id'{'Vendor-Id' = ?VENDOR,
                                                       'Auth-Application-Id' = [?APP]}]},
     {decode_format, map}, {string_decode, false}, {restrict_connections, false},
     {application, [{alias, base}, {dictionary, diameter_gen_base_rfc6733}, {module, ?MODULE}]},
     {application, [{alias, s6a}, {dictionary, ?DICT}, {module, ?MODULE},
                    {request_errors, callback}, {answer_errors, callback}]}].

peer_up(_Svc, {_, Caps}, State) ->
    peer_node:peer(up, Caps),
    State.

peer_down(_Svc, {_, Caps}, State) ->
    peer_node:peer(down, Caps),
    State.

pick_peer([Peer | _], _, _Svc, _State) -> {ok, Peer};
pick_peer([], [Peer | _], _Svc, _State) -> {ok, Peer};
pick_peer([], [], _Svc, _State) -> false.

prepare_request(Pkt, _Svc, _Peer) -> {send, Pkt#diameter_packet.msg}.
prepare_retransmit(Pkt, _Svc, _Peer) -> {send, Pkt}.

handle_answer(#diameter_packet{} = Pkt, _Req, _Svc, _Peer) -> {ok, Pkt}.
handle_error(Reason, _Req, _Svc, _Peer) -> {error, Reason}.

%% --- requests ---------------------------------------------------------------------------------

%% A message that does not fit: the reply lets diameter add Result-Code and Failed-AVP.
handle_request(#diameter_packet{msg = Msg, header = H, errors = [_ | _] = Errors} = Pkt, _Svc,
               {_, Caps}) ->
    peer_node:report(Errors, command(H), Caps, []),
    case {Msg, [E || E <- Errors, code(E) < 4000]} of
        {[Name | Avps], []} when is_map(Avps) ->
            {reply, [answer_name(Name) | common(Avps, Caps, Pkt)]};
        {_, [E | _]} -> {answer_message, code(E)};
        _ -> {answer_message, code(hd(Errors))}
    end;
handle_request(#diameter_packet{msg = [Name | Decoded]} = Pkt, _Svc, {_, Caps} = Peer) ->
    Avps = hss_json:plain({?DICT, Name}, Decoded, dict()),
    Imsi = maps:get('User-Name', Avps, <<>>),
    opt(quiet) == "yes" orelse
        print([{event, request}, {cmd, Name}, {imsi, Imsi} | from(Caps)] ++
              [{retransmitted, (Pkt#diameter_packet.header)#diameter_header.is_retransmitted},
               {avps, {hss_json:avps(Avps, dict())}}]),
    Base = common(Avps, Caps, Pkt),
    case behaviour(Name, Imsi) of
        normal -> {reply, [answer_name(Name) | answer(Name, Imsi, Avps, Base)]};
        Code -> misbehave(Code, Name, Imsi, Avps, Base, Pkt, Peer)
    end.

dict() ->
    ets:lookup_element(?T, dict, 2).

from(#diameter_caps{origin_host = {_, Host}}) ->
    [{peer, Host}].

command(#diameter_header{cmd_code = Code, is_request = R}) ->
    maps:get({Code, R}, #{{316, true} => 'ULR', {318, true} => 'AIR', {321, true} => 'PUR',
                          {323, true} => 'NOR', {317, false} => 'CLA', {319, false} => 'IDA',
                          {320, false} => 'DSA', {322, false} => 'RSA'}, Code).

answer_name('ULR') -> 'ULA';
answer_name('AIR') -> 'AIA';
answer_name('PUR') -> 'PUA';
answer_name('NOR') -> 'NOA';
answer_name('CLR') -> 'CLA';
answer_name('IDR') -> 'IDA';
answer_name('DSR') -> 'DSA';
answer_name('RSR') -> 'RSA'.

%% What every answer has. Proxy-Info goes back in the order it came.
common(Avps, #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}}, Pkt) ->
    maps:merge(maps:with(['Proxy-Info'], Avps),
               #{'Session-Id' => maps:get('Session-Id', Avps, <<>>), 'Origin-Host' => Host,
                 'Origin-Realm' => Realm, 'Auth-Session-State' => 1,
                 'Vendor-Specific-Application-Id' => application_id(Pkt)}).

application_id(_Pkt) ->
    #{'Vendor-Id' => ?VENDOR, 'Auth-Application-Id' => ?APP}.

%% --- what a subscriber does -------------------------------------------------------------------

behaviour(Cmd, Imsi) ->
    Keys = [{behave, Imsi, Cmd}, {behave, Imsi, any}],
    case [W || K <- Keys, {_, W} <- ets:lookup(?T, K)] of
        [What | _] -> What;
        [] -> by_number(Cmd, Imsi)
    end.

by_number(Cmd, Imsi) when byte_size(Imsi) >= 14 ->
    case {lists:prefix(opt(known), binary_to_list(Imsi)), binary:part(Imsi, byte_size(Imsi), -4)} of
        {false, _} -> 1;
        {true, <<$9, Scope, Tens, Ones>>} ->
            case lists:member(Cmd, scope(Scope)) of
                true -> (Tens - $0) * 10 + Ones - $0;
                false -> normal
            end;
        _ -> normal
    end;
by_number(_, _) ->
    1.

scope($0) -> ['ULR', 'AIR', 'PUR', 'NOR'];
scope($1) -> ['ULR'];
scope($2) -> ['AIR'];
scope($3) -> ['PUR'];
scope($4) -> ['NOR'];
scope(_) -> [].

misbehave(Code, Name, Imsi, Avps, Base, Pkt, {TPid, _} = _Peer) ->
    Answer = answer_name(Name),
    Good = fun() -> [Answer | answer(Name, Imsi, Avps, Base)] end,
    case lists:keyfind(Code, 1, [{1, 5001}, {4, 5004}, {20, 5420}, {21, 5421}, {22, 5422},
                                 {23, 5423}, {81, 4181}]) of
        {_, Experimental} -> {reply, [Answer | experimental(Experimental, Base)]};
        false -> odd(Code, Answer, Good, Imsi, Avps, Base, Pkt, TPid)
    end.

experimental(Code, Base) ->
    Base#{'Experimental-Result' => #{'Vendor-Id' => ?VENDOR, 'Experimental-Result-Code' => Code}}.

odd(82, Answer, _, _, _, Base, _, _) ->
    {reply, [Answer | (experimental(5004, Base))#{'Error-Diagnostic' => 2}]};
odd(12, Answer, _, _, _, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 5012}]};
odd(30, Answer, _, _, _, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 5030}]};
odd(2, _, _, _, _, _, _, _) ->
    {answer_message, 3002};
odd(34, _, _, _, _, _, _, _) ->
    {answer_message, 3004};
odd(50, _, _, _, _, _, _, _) ->
    discard;
odd(51, _, Good, _, _, _, _, _) ->
    timer:sleep(list_to_integer(opt(slow))),
    {reply, Good()};
odd(52, _, Good, _, _, _, _, _) ->
    timer:sleep(10000),
    {reply, Good()};
odd(53, _, Good, _, _, _, Pkt, TPid) ->
    Bin = encode(Good(), Pkt),
    raw(TPid, Bin),
    raw(TPid, Bin);
odd(54, _, _, _, _, _, _, TPid) ->
    exit(TPid, kill),
    discard;
odd(55, _, Good, _, _, _, Pkt, TPid) ->
    <<Before:12/binary, Hop:32, After/binary>> = encode(Good(), Pkt),
    raw(TPid, <<Before/binary, (Hop bxor 16#FFFF):32, After/binary>>),
    {reply, Good()};
odd(60, Answer, _, _, _, Base, Pkt, TPid) ->
    raw(TPid, encode([Answer | Base], Pkt));
odd(61, Answer, _, _, _, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 2001}]};
odd(62, _, Good, _, _, _, Pkt, TPid) ->
    raw(TPid, insert(avp(9999, <<1, 2, 3, 4>>), encode(Good(), Pkt)));
odd(63, Answer, _, Imsi, Avps, Base, _, _) ->
    Five = [{K, maps:put('Number-Of-Requested-Vectors', 5, maps:get(K, Avps))}
            || K <- requested(), maps:is_key(K, Avps)],
    {reply, [Answer | answer('AIR', Imsi, maps:merge(Avps, maps:from_list(Five)), Base)]};
odd(64, Answer, _, _, _, Base, _, _) ->
    Vector = #{'RAND' => <<0:128>>, 'XRES' => <<1, 2, 3>>, 'AUTN' => <<0:128>>,
               'KASME' => <<0:256>>},
    {reply, [Answer | Base#{'Result-Code' => 2001,
                            'Authentication-Info' => #{'E-UTRAN-Vector' => [Vector]}}]};
odd(65, Answer, _, _, _, Base, Pkt, TPid) ->
    raw(TPid, insert(<<268:32, 16#40, 10:24, 2001:16, 0:16>>, encode([Answer | Base], Pkt)));
odd(_, Answer, _, _, _, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 5012}]}.

%% An answer as bytes, for what OTP would rather not send.
encode(Msg, #diameter_packet{header = H}) ->
    Header = H#diameter_header{is_request = false, is_retransmitted = false, is_error = false},
    #diameter_packet{bin = Bin} =
        diameter_codec:encode(?DICT, #diameter_packet{header = Header, msg = Msg}),
    Bin.

raw(TPid, Bin) ->
    TPid ! {send, #diameter_packet{bin = Bin}, self()},
    discard.

%% Puts an encoded AVP in front of the others.
insert(Avp, <<V, Length:24, Rest:16/binary, Avps/binary>>) ->
    <<V, (Length + byte_size(Avp)):24, Rest/binary, Avp/binary, Avps/binary>>.

avp(Code, Data) ->
    <<Code:32, 16#C0, (12 + byte_size(Data)):24, ?VENDOR:32, Data/binary>>.

%% --- S6a procedures ---------------------------------------------------------------------------

answer('AIR', Imsi, Avps, Base) ->
    case resync(Imsi, Avps) of
        error -> experimental(4181, Base);
        ok -> usage_type(Imsi, Avps, Base#{'Result-Code' => 2001,
                                           'Authentication-Info' => vectors(Imsi, Avps)})
    end;
answer('ULR', Imsi, #{'ULR-Flags' := Flags} = Avps, Base) ->
    register_mme(Imsi, Avps),
    Answer = Base#{'Result-Code' => 2001, 'ULA-Flags' => 1,
                   'Supported-Features' => maps:get('Supported-Features', Avps, [])},
    case Flags band 4 of                                        %% Skip Subscriber Data
        0 -> Answer#{'Subscription-Data' => hss_data:subscription(profile(Imsi), Imsi)};
        _ -> Answer
    end;
answer('PUR', Imsi, Avps, Base) ->
    Host = maps:get('Origin-Host', Avps),
    case ets:lookup(?T, {mme, Imsi}) of
        [{_, Host, _}] ->
            ets:delete(?T, {mme, Imsi}),
            Base#{'Result-Code' => 2001, 'PUA-Flags' => 1};     %% Freeze M-TMSI
        _ ->
            Base#{'Result-Code' => 2001, 'PUA-Flags' => 0}
    end;
answer('NOR', Imsi, _Avps, Base) ->
    case ets:member(?T, {mme, Imsi}) of
        true -> Base#{'Result-Code' => 2001};
        false -> experimental(5423, Base)
    end;
answer(_, _, _, Base) ->
    Base#{'Result-Code' => 5012}.

profile(Imsi) ->
    case ets:lookup(?T, {profile, Imsi}) of
        [{_, P}] -> P;
        [] -> hss_data:profile(Imsi)
    end.

requested() ->
    ['Requested-EUTRAN-Authentication-Info', 'Requested-UTRAN-GERAN-Authentication-Info'].

key() ->
    #{k => bytes(k), opc => bytes(opc), amf => bytes(amf)}.

bytes(Opt) ->
    binary:decode_hex(list_to_binary(opt(Opt))).

%% RAND and AUTS, 30 bytes; a wrong MAC-S is what TS 29.272 5.2.3.1.3 answers with 4181.
resync(Imsi, Avps) ->
    Infos = [I || K <- requested(), #{'Re-Synchronization-Info' := I} <- [maps:get(K, Avps, #{})]],
    case Infos of
        [] -> ok;
        [<<Rand:16/binary, Auts:14/binary>> | _] ->
            case hss_aka:resync(key(), Rand, Auts) of
                {ok, Sqn} -> ets:insert(?T, {{sqn, Imsi}, Sqn}), ok;
                error -> error
            end;
        _ -> error
    end.

usage_type(Imsi, #{'AIR-Flags' := Flags}, Answer) when Flags band 1 == 1 ->
    case hss_data:subscription(profile(Imsi), Imsi) of
        #{'UE-Usage-Type' := Type} -> Answer#{'UE-Usage-Type' => Type};
        _ -> Answer
    end;
usage_type(_, _, Answer) ->
    Answer.

vectors(Imsi, #{'Visited-PLMN-Id' := Plmn} = Avps) ->
    E = wanted(hd(requested()), Avps),
    U = wanted(lists:last(requested()), Avps),
    Eutran = fun(V, N) -> item(N, E, #{
        'RAND' => maps:get(rand, V), 'XRES' => maps:get(res, V), 'AUTN' => maps:get(autn, V),
        'KASME' => hss_aka:eutran(V, Plmn)}) end,
    Utran = fun(V, N) -> item(N, U, #{
        'RAND' => maps:get(rand, V), 'XRES' => maps:get(res, V), 'AUTN' => maps:get(autn, V),
        'Confidentiality-Key' => maps:get(ck, V), 'Integrity-Key' => maps:get(ik, V)}) end,
    #{'E-UTRAN-Vector' => [Eutran(quintet(Imsi), N) || N <- lists:seq(1, E)],
      'UTRAN-Vector' => [Utran(quintet(Imsi), N) || N <- lists:seq(1, U)]}.

%% 29.272 7.3.14: absent means 1; five are the most that 5.2.3.1.3 suggests.
wanted(Key, Avps) ->
    case Avps of
        #{Key := Info} -> min(5, maps:get('Number-Of-Requested-Vectors', Info, 1));
        _ -> 0
    end.

item(_, 1, Vector) -> Vector;
item(N, _, Vector) -> Vector#{'Item-Number' => N}.

%% TS 33.102 C.1.2: the five low bits of SQN are an index that stays 0 here.
quintet(Imsi) ->
    Start = list_to_integer(opt(sqn)),
    Sqn = ets:update_counter(?T, {sqn, Imsi}, {2, 32}, {{sqn, Imsi}, Start}),
    Rand = case opt(rand) of
               none -> crypto:strong_rand_bytes(16);
               _ -> bytes(rand)
           end,
    hss_aka:vector(key(), Rand, Sqn).

register_mme(Imsi, #{'Origin-Host' := Host, 'Origin-Realm' := Realm}) ->
    Old = ets:lookup(?T, {mme, Imsi}),
    ets:insert(?T, {{mme, Imsi}, Host, Realm}),
    case Old of
        [{_, OldHost, OldRealm}] when OldHost /= Host ->
            opt(relocate) == "yes" andalso
                spawn(fun() -> print(clr(Imsi, {OldHost, OldRealm}, 0, none)) end);
        _ ->
            ok
    end.

%% --- requests of the HSS ----------------------------------------------------------------------

clr(Imsi, Mme, Type, Flags) ->
    call('CLR', Imsi, Mme, maps:merge(flags('CLR-Flags', Flags), #{'Cancellation-Type' => Type})).

flags(_, none) -> #{};
flags(Name, N) -> #{Name => N}.

%% Sends a request, gives the line that tells how it went. Mme: {Host, Realm}.
call(Name, Imsi, {Host, Realm}, Avps) ->
    User = case Imsi of
               none -> #{};
               _ -> #{'User-Name' => Imsi}
           end,
    Msg = [Name | maps:merge(maps:merge(Avps, User), #{
        'Session-Id' => diameter:session_id(opt(identity)), 'Auth-Session-State' => 1,
        'Origin-Host' => opt(identity), 'Origin-Realm' => opt(realm), 'Destination-Host' => Host,
        'Destination-Realm' => Realm, 'Vendor-Specific-Application-Id' => application_id(none)})],
    Start = erlang:monotonic_time(microsecond),
    %% To the MME itself if it is connected, else through whoever is: a relay.
    Result = diameter:call(?MODULE, s6a, Msg, [{filter, {first, [host, none]}}, {timeout, 60000}]),
    Ms = (erlang:monotonic_time(microsecond) - Start) / 1000,
    [{event, answer}, {cmd, answer_name(Name)}, {imsi, imsi(Imsi)}, {mme, Host},
     {ms, round(Ms * 10) / 10} | peer_node:outcome(Result, ?DICT, dict())].

imsi(none) -> null;
imsi(Imsi) -> Imsi.

%% --- commands ---------------------------------------------------------------------------------

run([]) -> [];
run([<<"quit">>]) -> peer_node:quit();
run([<<"to">>, Host, Realm | Command]) -> run(Command, {Host, Realm});
run(Command) -> run(Command, registered).

run([<<"clr">>, Imsi | More], Mme) ->
    [Type, Flags] = numbers(More, [2, none]),
    [clr(Imsi, mme(Imsi, Mme), Type, Flags)];
run([<<"idr">>, Imsi], Mme) ->
    run([<<"idr">>, Imsi, atom_to_binary(profile(Imsi))], Mme);
run([<<"idr">>, Imsi, Profile | More], Mme) ->
    [Flags] = numbers(More, [none]),
    Data = case Profile of
               <<"none">> -> #{};
               _ -> hss_data:subscription(known_profile(Profile), Imsi)
           end,
    [call('IDR', Imsi, mme(Imsi, Mme), (flags('IDR-Flags', Flags))#{'Subscription-Data' => Data})];
run([<<"dsr">>, Imsi, Flags | Contexts], Mme) ->
    [call('DSR', Imsi, mme(Imsi, Mme), #{
        'DSR-Flags' => binary_to_integer(Flags),
        'Context-Identifier' => [binary_to_integer(C) || C <- Contexts]})];
run([<<"rsr">> | Prefixes], Mme) ->
    To = case Mme of
             registered -> lists:usort([{H, R} || {{mme, _}, H, R} <- ets:tab2list(?T)]);
             _ -> [Mme]
         end,
    To /= [] orelse throw("no MME is registered"),
    [call('RSR', none, M, #{'User-Id' => Prefixes}) || M <- To];
run([<<"behave">>, Imsi, Cmd, What], registered) ->
    Key = {behave, Imsi, maps:get(Cmd, #{<<"air">> => 'AIR', <<"ulr">> => 'ULR',
                                         <<"pur">> => 'PUR', <<"nor">> => 'NOR',
                                         <<"any">> => any})},
    ets:insert(?T, {Key, case What of
                             <<"normal">> -> normal;
                             _ -> binary_to_integer(What)
                         end}),
    [[{event, answer}, {ok, true}]];
run([<<"profile">>, Imsi, Profile], registered) ->
    ets:insert(?T, {{profile, Imsi}, known_profile(Profile)}),
    [[{event, answer}, {ok, true}]];
run([<<"subscribers">>], registered) ->
    [[{event, answer}, {subscribers, {[{Imsi, H} || {{mme, Imsi}, H, _} <- ets:tab2list(?T)]}}]];
run([<<"peers">>], registered) ->
    [[{event, answer}, {peers, {list, peer_node:peers()}}]];
run([<<"disconnect">>], registered) ->
    ok = peer_node:disconnect(),
    [[{event, answer}, {ok, true}]].

mme(_, {_, _} = Mme) ->
    Mme;
mme(Imsi, registered) ->
    case ets:lookup(?T, {mme, Imsi}) of
        [{_, Host, Realm}] -> {Host, Realm};
        [] -> throw("no MME is registered for " ++ binary_to_list(Imsi))
    end.

known_profile(Name) ->
    case [P || P <- hss_data:names(), atom_to_binary(P) == Name] of
        [P] -> P;
        [] -> throw("no such profile: " ++ binary_to_list(Name))
    end.

%% Numbers given on a line, with defaults for those left out.
numbers(Given, Defaults) when length(Given) =< length(Defaults) ->
    N = [binary_to_integer(G) || G <- Given],
    N ++ lists:nthtail(length(N), Defaults).

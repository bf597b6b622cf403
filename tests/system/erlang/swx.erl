%% SPDX-License-Identifier: BSD-3-Clause
%%
%% An independent HSS for Wi-Fi and an independent EIR for the system tests: SWx (TS 29.273
%% clause 8) and S13 (TS 29.272 clause 6) on Erlang/OTP's diameter application, its codecs compiled
%% at start from dictionaries/ts29273.dia and ts29272_s13.dia. It shares with the gateway only those
%% files.
%% Every incoming message is decoded strictly: what does not fit the ABNF is reported as an "error"
%% line and answered with the 5xxx that RFC 6733 asks for.
%%
%%   tests/system/erlang/swx [option value]...
%%     --host, --port, --connect, --identity, --realm, --control, --known, --k, --opc, --sqn,
%%     --rand, --watchdog, --quiet   as of hss.erl
%%     --amf HEX                 of EAP-AKA; EAP-AKA' sets the separation bit               0000
%%     --serve swx+s13           the applications it offers
%%
%% Standard output: as hss.erl (ready, up, down, request, error, answer).
%%
%% Commands, a line each:
%%   rtr IMSI [REASON] [INFO]     to the AAA server that has the user; REASON 0..3
%%   ppr IMSI [PROFILE] [FLAGS]   PROFILE as in hss_data.erl, "none" for no Non-3GPP-User-Data
%%   to HOST REALM COMMAND...     any of the above, to this AAA server
%%   serving IMSI [HOST]          who has the user; with HOST: this server has registered the user
%%   pgw IMSI                     what the last PGW_UPDATE or RESTORATION said
%%   equipment IMEI STATUS        white, black, grey or unknown, for IMEIs that begin so
%%   behave IMSI CMD WHAT         CMD mar, sar, ecr or any; WHAT a code below, or "normal"
%%   profile IMSI PROFILE | peers | disconnect | quit
%%
%% The IMSI says how a user behaves: the last digit but three is the profile (hss_data.erl). If it
%% is 9, the next digit is what misbehaves (0 all commands, 1 MAR, 2 SAR, 3 ECR) and the last two
%% tell how:
%%   01 03 04 06 07 08   Experimental-Result 5001 5003 5004 5006 5007 5008
%%   40 41 42            5450 5451 5452      81   4181      22   5422
%%   05 5005 with 3GPP-AAA-Server-Name       15   5005 without
%%   16 Result-Code 3006 with 3GPP-AAA-Server-Name, as some HSSs have it
%%   17 3006 of a redirect agent: E bit, Redirect-Host
%%   12 Result-Code 5012    30 5030    02 3002 and 34 3004 (both with the E bit)
%%   50 no answer           51 after --slow   52 after 10 s     53 twice
%%   54 closes the connection                 55 answers an unknown hop-by-hop id first
%%   60 no Result-Code      61 2001 without any data   62 M-bit AVP 10415/9999 first
%%   63 five vectors        64 XRES of 3 bytes         65 Result-Code of 2 bytes
%%   66 vectors of the other scheme           67 a vector without AUTN, and a good one
%%   68 vectors in reverse order
-module(swx).
-export([main/0]).
-export([peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3,
         handle_answer/4, handle_error/4, handle_request/3]).

-include_lib("diameter/include/diameter.hrl").
-include_lib("diameter/include/diameter_gen_base_rfc6733.hrl").

-define(SWX, 16777265).
-define(S13, 16777252).
-define(VENDOR, 10415).
-define(T, ?MODULE).
-define(OTHER, <<"aaa2.example.net">>).

-import(peer_node, [opt/1, print/1, code/1]).

main() ->
    Opts = peer_node:options("swx", init:get_plain_arguments(), defaults()),
    ok = hss_aka:selftest(),
    ets:new(?T, [named_table, public, {read_concurrency, true}]),
    ets:insert(?T, {dict, maps:merge(hss_json:dictionary(ts29273),
                                     hss_json:dictionary(ts29272_s13))}),
    {ok, _} = application:ensure_all_started(crypto),
    peer_node:start(?MODULE, service(Opts), Opts, fun(Words, _) -> run(Words) end).

defaults() ->
    #{host => "127.0.0.1", port => "3868", connect => none, identity => "hss.example.org",
      realm => "example.org", control => none, known => "00101", sqn => "0", rand => none,
      k => "465b5ce8b199b49faa5f0a2ee238a6bc", opc => "cd63cb71954a9f4e48a5994e37a02baf",
      amf => "0000", watchdog => "30000", slow => "2000", quiet => "no", serve => "swx+s13"}.

applications() ->
    [{"swx", swx, ?SWX, ts29273}, {"s13", s13, ?S13, ts29272_s13}].

service(#{identity := Host, realm := Realm, serve := Serve}) ->
    Served = [A || {Name, _, _, _} = A <- applications(),
                   lists:member(Name, string:lexemes(Serve, "+"))],
    [{'Origin-Host', Host}, {'Origin-Realm', Realm}, {'Vendor-Id', ?VENDOR},
     {'Product-Name', "Erlang SWx"}, {'Supported-Vendor-Id', [?VENDOR]},
     {'Vendor-Specific-Application-Id',
      [#'diameter_base_Vendor-Specific-Application-Id'{'Vendor-Id' = ?VENDOR,
                                                       'Auth-Application-Id' = [Id]}
       || {_, _, Id, _} <- Served]},
     {decode_format, map}, {string_decode, false}, {restrict_connections, false},
     {application, [{alias, base}, {dictionary, diameter_gen_base_rfc6733}, {module, ?MODULE}]}
     | [{application, [{alias, Alias}, {dictionary, Mod}, {module, ?MODULE},
                       {request_errors, callback}, {answer_errors, callback}]}
        || {_, Alias, _, Mod} <- Served]].

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
handle_request(#diameter_packet{msg = [Name | Decoded], header = H} = Pkt, _Svc, {TPid, Caps}) ->
    Avps = hss_json:plain({mod(H), Name}, Decoded, dict()),
    Imsi = maps:get('User-Name', Avps, <<>>),
    #diameter_caps{origin_host = {_, Peer}} = Caps,
    opt(quiet) == "yes" orelse
        print([{event, request}, {cmd, Name}, {imsi, Imsi}, {peer, Peer},
               {retransmitted, H#diameter_header.is_retransmitted},
               {avps, {hss_json:avps(Avps, dict())}}]),
    Base = common(Avps, Caps, Pkt),
    case behaviour(Name, Imsi) of
        normal -> {reply, [answer_name(Name) | answer(Name, Imsi, Avps, Base)]};
        Code -> misbehave(Code, Name, Imsi, Avps, Base, Pkt, TPid)
    end.

dict() ->
    ets:lookup_element(?T, dict, 2).

mod(#diameter_header{application_id = ?S13}) -> ts29272_s13;
mod(_) -> ts29273.

command(#diameter_header{cmd_code = Code, is_request = R}) ->
    maps:get({Code, R}, #{{303, true} => 'MAR', {301, true} => 'SAR', {324, true} => 'ECR',
                          {304, false} => 'RTA', {305, false} => 'PPA'}, Code).

answer_name('MAR') -> 'MAA';
answer_name('SAR') -> 'SAA';
answer_name('ECR') -> 'ECA';
answer_name('RTR') -> 'RTA';
answer_name('PPR') -> 'PPA'.

%% What every answer has. Proxy-Info goes back in the order it came.
common(Avps, #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}},
       #diameter_packet{header = #diameter_header{application_id = App}}) ->
    maps:merge(maps:with(['Proxy-Info'], Avps),
               #{'Session-Id' => maps:get('Session-Id', Avps, <<>>), 'Origin-Host' => Host,
                 'Origin-Realm' => Realm, 'Auth-Session-State' => 1,
                 'Vendor-Specific-Application-Id' => application_id(App)}).

application_id(App) ->
    #{'Vendor-Id' => ?VENDOR, 'Auth-Application-Id' => App}.

%% --- what a user does -------------------------------------------------------------------------

behaviour(Cmd, Imsi) ->
    Keys = [{behave, Imsi, Cmd}, {behave, Imsi, any}],
    case [W || K <- Keys, {_, W} <- ets:lookup(?T, K)] of
        [What | _] -> What;
        [] -> by_number(Cmd, Imsi)
    end.

by_number('ECR', <<>>) ->
    normal;
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

scope($0) -> ['MAR', 'SAR', 'ECR'];
scope($1) -> ['MAR'];
scope($2) -> ['SAR'];
scope($3) -> ['ECR'];
scope(_) -> [].

misbehave(Code, Name, Imsi, Avps, Base, Pkt, TPid) ->
    Answer = answer_name(Name),
    Good = fun() -> [Answer | answer(Name, Imsi, Avps, Base)] end,
    Experimental = #{1 => 5001, 3 => 5003, 4 => 5004, 6 => 5006, 7 => 5007, 8 => 5008, 15 => 5005,
                     22 => 5422, 40 => 5450, 41 => 5451, 42 => 5452, 81 => 4181},
    case Experimental of
        #{Code := E} -> {reply, [Answer | experimental(E, Base)]};
        _ -> odd(Code, Answer, Good, {Imsi, Avps}, Base, Pkt, TPid)
    end.

experimental(Code, Base) ->
    Base#{'Experimental-Result' => #{'Vendor-Id' => ?VENDOR, 'Experimental-Result-Code' => Code}}.

elsewhere(Server, Base) ->
    (experimental(5005, Base))#{'3GPP-AAA-Server-Name' => Server}.

odd(5, Answer, _, _, Base, _, _) ->
    {reply, [Answer | elsewhere(?OTHER, Base)]};
odd(16, Answer, _, _, Base, Pkt, TPid) ->
    Named = Base#{'Result-Code' => 3006, '3GPP-AAA-Server-Name' => ?OTHER},
    raw(TPid, encode([Answer | Named], Pkt));
odd(17, Answer, _, _, Base, Pkt, TPid) ->
    Redirect = <<292:32, 16#40, 30:24, "aaa://hss9.example.net", 0:16>>,
    <<Head:4/binary, Flags, Rest/binary>> =
        insert(Redirect, encode([Answer | Base#{'Result-Code' => 3006}], Pkt)),
    raw(TPid, <<Head/binary, (Flags bor 16#20), Rest/binary>>);
odd(12, Answer, _, _, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 5012}]};
odd(30, Answer, _, _, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 5030}]};
odd(2, _, _, _, _, _, _) ->
    {answer_message, 3002};
odd(34, _, _, _, _, _, _) ->
    {answer_message, 3004};
odd(50, _, _, _, _, _, _) ->
    discard;
odd(51, _, Good, _, _, _, _) ->
    timer:sleep(list_to_integer(opt(slow))),
    {reply, Good()};
odd(52, _, Good, _, _, _, _) ->
    timer:sleep(10000),
    {reply, Good()};
odd(53, _, Good, _, _, Pkt, TPid) ->
    Bin = encode(Good(), Pkt),
    raw(TPid, Bin),
    raw(TPid, Bin);
odd(54, _, _, _, _, _, TPid) ->
    exit(TPid, kill),
    discard;
odd(55, _, Good, _, _, Pkt, TPid) ->
    <<Before:12/binary, Hop:32, After/binary>> = encode(Good(), Pkt),
    raw(TPid, <<Before/binary, (Hop bxor 16#FFFF):32, After/binary>>),
    {reply, Good()};
odd(60, Answer, _, _, Base, Pkt, TPid) ->
    raw(TPid, encode([Answer | Base], Pkt));
odd(61, Answer, _, _, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 2001}]};
odd(62, _, Good, _, _, Pkt, TPid) ->
    raw(TPid, insert(<<9999:32, 16#C0, 16:24, ?VENDOR:32, 1, 2, 3, 4>>, encode(Good(), Pkt)));
odd(65, Answer, _, _, Base, Pkt, TPid) ->
    raw(TPid, insert(<<268:32, 16#40, 10:24, 2001:16, 0:16>>, encode([Answer | Base], Pkt)));
odd(Code, 'MAA' = Answer, _, Asked, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 2001, 'SIP-Auth-Data-Item' => items(Code, Asked)}]};
odd(_, Answer, _, _, Base, _, _) ->
    {reply, [Answer | Base#{'Result-Code' => 5012}]}.

items(63, {Imsi, Avps}) ->
    vectors(Imsi, Avps#{'SIP-Number-Auth-Items' => 5});
items(64, {Imsi, Avps}) ->
    [V#{'SIP-Authorization' => <<1, 2, 3>>} || V <- vectors(Imsi, Avps)];
items(66, {Imsi, Avps}) ->
    Other = #{<<"EAP-AKA">> => <<"EAP-AKA'">>, <<"EAP-AKA'">> => <<"EAP-AKA">>},
    [V#{'SIP-Authentication-Scheme' => maps:get(S, Other)}
     || #{'SIP-Authentication-Scheme' := S} = V <- vectors(Imsi, Avps)];
items(67, {Imsi, Avps}) ->
    [First | Rest] = vectors(Imsi, Avps#{'SIP-Number-Auth-Items' => 2}),
    [maps:remove('SIP-Authenticate', First) | Rest];
items(68, {Imsi, Avps}) ->
    lists:reverse(vectors(Imsi, Avps));
items(_, _) ->
    [].

%% An answer as bytes, for what OTP would rather not send.
encode(Msg, #diameter_packet{header = H}) ->
    Header = H#diameter_header{is_request = false, is_retransmitted = false, is_error = false},
    #diameter_packet{bin = Bin} =
        diameter_codec:encode(mod(H), #diameter_packet{header = Header, msg = Msg}),
    Bin.

raw(TPid, Bin) ->
    TPid ! {send, #diameter_packet{bin = Bin}, self()},
    discard.

%% Puts an encoded AVP in front of the others.
insert(Avp, <<V, Length:24, Rest:16/binary, Avps/binary>>) ->
    <<V, (Length + byte_size(Avp)):24, Rest/binary, Avp/binary, Avps/binary>>.

%% --- SWx: authentication (8.1.2.1) ------------------------------------------------------------

answer('MAR', Imsi, Avps, Base) ->
    #{'Origin-Host' := Host, 'SIP-Auth-Data-Item' := Item} = Avps,
    Failed = maps:get('AAA-Failure-Indication', Avps, 0) band 1 == 1,
    case {server(Imsi), scheme(Item, Avps), resync(Imsi, Item)} of
        {{Other, _, true}, _, _} when Other /= Host, not Failed -> elsewhere(Other, Base);
        {_, unknown, _} -> experimental(5006, Base);
        {_, no_anid, _} -> Base#{'Result-Code' => 5005};
        {_, _, error} -> Base#{'Result-Code' => 5012};
        {Old, _, ok} ->
            serve(Imsi, Avps, registered_at(Old, Host)),
            Vectors = vectors(Imsi, Avps),
            Base#{'Result-Code' => 2001, 'User-Name' => Imsi,
                  'SIP-Number-Auth-Items' => length(Vectors), 'SIP-Auth-Data-Item' => Vectors}
    end;

%% --- SWx: location management (8.1.2.2.2) -----------------------------------------------------

answer('SAR', Imsi, Avps, Base) ->
    Host = maps:get('Origin-Host', Avps),
    case server(Imsi) of
        {Other, _, true} when Other /= Host -> elsewhere(Other, Base);
        Server ->
            Type = maps:get('Server-Assignment-Type', Avps),
            assign(Type, Server, Imsi, Avps, Base#{'User-Name' => Imsi})
    end;

%% --- S13 (TS 29.272 6.2.1.1) ------------------------------------------------------------------

answer('ECR', _Imsi, #{'Terminal-Information' := #{'IMEI' := Imei}}, Base) ->
    Known = lists:sort([{byte_size(P), S} || {{imei, P}, S} <- ets:tab2list(?T),
                                             binary:longest_common_prefix([P, Imei])
                                                 == byte_size(P)]),
    case Known of
        [] -> experimental(5422, Base);
        _ ->
            case element(2, lists:last(Known)) of
                unknown -> experimental(5422, Base);
                Status -> Base#{'Result-Code' => 2001, 'Equipment-Status' => Status}
            end
    end;
answer(_, _, _, Base) ->
    Base#{'Result-Code' => 5012}.

%% NO_ASSIGNMENT 0, REGISTRATION 1, RESTORATION 14: the profile comes with the last two.
assign(0, _, _, _, Base) ->
    Base#{'Result-Code' => 2001};
assign(1, _, Imsi, Avps, Base) ->
    serve(Imsi, Avps, true),
    with_data(Imsi, Base);
assign(14, _, Imsi, Avps, Base) ->
    serve(Imsi, Avps, true),
    ets:insert(?T, {{pgw, Imsi}, pgw(Avps)}),
    with_data(Imsi, Base);
assign(12, none, _, _, Base) ->
    Base#{'Result-Code' => 5012};
assign(12, _, Imsi, _, Base) ->
    with_data(Imsi, Base);
assign(13, {_, _, true}, Imsi, Avps, Base) ->
    ets:insert(?T, {{pgw, Imsi}, pgw(Avps)}),
    Base#{'Result-Code' => 2001};
assign(End, {_, _, _}, Imsi, _, Base) when End == 5; End == 8; End == 9; End == 10 ->
    ets:delete(?T, {aaa, Imsi}),
    Base#{'Result-Code' => 2001};
assign(Known, _, _, _, Base) when Known == 5; Known == 8; Known == 9; Known == 10; Known == 13 ->
    experimental(5003, Base);
assign(_, _, _, _, Base) ->
    experimental(5007, Base).

pgw(Avps) ->
    maps:with(['Service-Selection', 'Context-Identifier', 'MIP6-Agent-Info', 'Active-APN',
               'Visited-Network-Identifier'], Avps).

server(Imsi) ->
    case ets:lookup(?T, {aaa, Imsi}) of
        [{_, Host, Realm, Registered}] -> {Host, Realm, Registered};
        [] -> none
    end.

registered_at({Host, _, Registered}, Host) -> Registered;
registered_at(_, _) -> false.

serve(Imsi, #{'Origin-Host' := Host, 'Origin-Realm' := Realm}, Registered) ->
    ets:insert(?T, {{aaa, Imsi}, Host, Realm, Registered}).

with_data(Imsi, Base) ->
    Base#{'Result-Code' => 2001, 'Non-3GPP-User-Data' => user_data(profile(Imsi), Imsi)}.

profile(Imsi) ->
    case ets:lookup(?T, {profile, Imsi}) of
        [{_, P}] -> P;
        [] -> hss_data:profile(Imsi)
    end.

%% Non-3GPP-User-Data (8.2.3.1) out of the subscription that S6a gives. Operator determined barring
%% of all packet services disables the APNs (8.2.3.4); a barred subscriber is barred (8.2.3.3).
user_data(Profile, Imsi) ->
    S = hss_data:subscription(Profile, Imsi),
    Apns = maps:get('APN-Configuration-Profile', S, #{}),
    Barred = maps:get('Subscriber-Status', S, 0),
    Same = maps:with(['AMBR', '3GPP-Charging-Characteristics', 'APN-OI-Replacement',
                      'UE-Usage-Type', 'Emergency-Info', 'Core-Network-Restrictions'], S),
    maps:merge(maps:merge(Same, maps:with(['Context-Identifier', 'APN-Configuration'], Apns)),
               maps:merge(more(Profile, S), #{
        'Subscription-Id' => [#{'Subscription-Id-Type' => 1, 'Subscription-Id-Data' => Imsi},
                              #{'Subscription-Id-Type' => 0,
                                'Subscription-Id-Data' => hss_data:msisdn(Imsi)}],
        'Non-3GPP-IP-Access' => Barred,
        'Non-3GPP-IP-Access-APN' => maps:get('Operator-Determined-Barring', S, 0) band 1})).

more(full, #{'Trace-Data' := Trace}) ->
    #{'RAT-Type' => [0, 1004], 'Session-Timeout' => 7200, 'MIP6-Feature-Vector' => 3,
      'Trace-Info' => #{'Trace-Data' => Trace}, 'TWAN-Default-APN-Context-Id' => 2,
      'TWAN-Access-Info' => [#{'Access-Authorization-Flags' => 3,
                               'WLAN-Identifier' => #{'SSID' => <<"cafe">>,
                                                      'HESSID' => <<"00-10-A4-23-19-C0">>}}],
      'ERP-Authorization' => 1};
more(_, _) ->
    #{}.

%% --- vectors ----------------------------------------------------------------------------------

scheme(#{'SIP-Authentication-Scheme' := <<"EAP-AKA">>}, _) -> aka;
scheme(#{'SIP-Authentication-Scheme' := <<"EAP-AKA'">>}, #{'ANID' := _}) -> prime;
scheme(#{'SIP-Authentication-Scheme' := <<"EAP-AKA'">>}, _) -> no_anid;
scheme(_, _) -> unknown.

key(Amf) ->
    #{k => bytes(k), opc => bytes(opc), amf => Amf}.

bytes(Opt) ->
    binary:decode_hex(list_to_binary(opt(Opt))).

resync(Imsi, #{'SIP-Authorization' := <<Rand:16/binary, Auts:14/binary>>}) ->
    case hss_aka:resync(key(bytes(amf)), Rand, Auts) of
        {ok, Sqn} -> ets:insert(?T, {{sqn, Imsi}, Sqn}), ok;
        error -> error
    end;
resync(_, #{'SIP-Authorization' := _}) -> error;
resync(_, _) -> ok.

vectors(Imsi, #{'SIP-Number-Auth-Items' := N, 'SIP-Auth-Data-Item' := Item} = Avps) ->
    Scheme = maps:get('SIP-Authentication-Scheme', Item),
    <<First, Second>> = bytes(amf),
    Amf = case Scheme of
              <<"EAP-AKA'">> -> <<(First bor 16#80), Second>>;
              _ -> <<First, Second>>
          end,
    [item(I, Scheme, keys(Scheme, Avps, quintet(Imsi, Amf))) || I <- lists:seq(1, min(N, 5))].

item(I, Scheme, #{rand := Rand, autn := Autn, res := Res, ck := Ck, ik := Ik}) ->
    #{'SIP-Item-Number' => I, 'SIP-Authentication-Scheme' => Scheme,
      'SIP-Authenticate' => <<Rand/binary, Autn/binary>>, 'SIP-Authorization' => Res,
      'Confidentiality-Key' => Ck, 'Integrity-Key' => Ik}.

%% TS 33.402 A.2: CK' and IK' are bound to the access network.
keys(<<"EAP-AKA'">>, #{'ANID' := Anid}, #{ck := Ck, ik := Ik, autn := Autn} = V) ->
    <<Hidden:6/binary, _/binary>> = Autn,
    S = <<16#20, Anid/binary, (byte_size(Anid)):16, Hidden/binary, 6:16>>,
    <<Ck2:16/binary, Ik2:16/binary>> =
        crypto:mac(hmac, sha256, <<Ck/binary, Ik/binary>>, S),
    V#{ck := Ck2, ik := Ik2};
keys(_, _, V) ->
    V.

%% TS 33.102 C.1.2: the five low bits of SQN are an index that stays 0 here.
quintet(Imsi, Amf) ->
    Start = list_to_integer(opt(sqn)),
    Sqn = ets:update_counter(?T, {sqn, Imsi}, {2, 32}, {{sqn, Imsi}, Start}),
    Rand = case opt(rand) of
               none -> crypto:strong_rand_bytes(16);
               _ -> bytes(rand)
           end,
    hss_aka:vector(key(Amf), Rand, Sqn).

%% --- requests of the HSS ----------------------------------------------------------------------

%% Sends a request, gives the line that tells how it went.
call(Name, Imsi, {Host, Realm}, Avps) ->
    Msg = [Name | Avps#{
        'User-Name' => Imsi, 'Session-Id' => diameter:session_id(opt(identity)),
        'Auth-Session-State' => 1, 'Origin-Host' => opt(identity), 'Origin-Realm' => opt(realm),
        'Destination-Host' => Host, 'Destination-Realm' => Realm,
        'Vendor-Specific-Application-Id' => application_id(?SWX)}],
    Result = diameter:call(?MODULE, swx, Msg, [{filter, {first, [host, none]}}, {timeout, 60000}]),
    [{event, answer}, {cmd, answer_name(Name)}, {imsi, Imsi}, {aaa, Host}
     | peer_node:outcome(Result, ts29273, dict())].

aaa(_, {_, _} = Aaa) ->
    Aaa;
aaa(Imsi, registered) ->
    case server(Imsi) of
        {Host, Realm, _} -> {Host, Realm};
        none -> throw("no AAA server has " ++ binary_to_list(Imsi))
    end.

%% --- commands ---------------------------------------------------------------------------------

run([]) -> [];
run([<<"quit">>]) -> peer_node:quit();
run([<<"to">>, Host, Realm | Command]) -> run(Command, {Host, Realm});
run(Command) -> run(Command, registered).

run([<<"rtr">>, Imsi], Aaa) ->
    run([<<"rtr">>, Imsi, <<"0">>], Aaa);
run([<<"rtr">>, Imsi, Reason | Info], Aaa) ->
    Group = maps:from_list([{'Reason-Info', iolist_to_binary(lists:join(" ", Info))}
                            || Info /= []]),
    Line = call('RTR', Imsi, aaa(Imsi, Aaa), #{
        'Deregistration-Reason' => Group#{'Reason-Code' => binary_to_integer(Reason)}}),
    proplists:get_value(result, Line) == 2001 andalso ets:delete(?T, {aaa, Imsi}),
    [Line];
run([<<"ppr">>, Imsi], Aaa) ->
    run([<<"ppr">>, Imsi, atom_to_binary(profile(Imsi))], Aaa);
run([<<"ppr">>, Imsi, Profile | Flags], Aaa) ->
    Data = case Profile of
               <<"none">> -> #{};
               _ -> #{'Non-3GPP-User-Data' => user_data(known_profile(Profile), Imsi)}
           end,
    More = maps:from_list([{'PPR-Flags', binary_to_integer(F)} || F <- Flags]),
    [call('PPR', Imsi, aaa(Imsi, Aaa), maps:merge(Data, More))];
run([<<"serving">>, Imsi, Host], registered) ->
    [_, Realm] = binary:split(Host, <<".">>),
    serve(Imsi, #{'Origin-Host' => Host, 'Origin-Realm' => Realm}, true),
    done();
run([<<"serving">>, Imsi], registered) ->
    {Host, Registered} = case server(Imsi) of
                             {H, _, R} -> {H, R};
                             none -> {null, false}
                         end,
    [[{event, answer}, {serving, Host}, {registered, Registered}]];
run([<<"pgw">>, Imsi], registered) ->
    [{_, Pgw}] = ets:lookup(?T, {pgw, Imsi}),
    [[{event, answer}, {pgw, {hss_json:avps(Pgw, dict())}}]];
run([<<"equipment">>, Imei, Status], registered) ->
    ets:insert(?T, {{imei, Imei}, maps:get(Status, #{<<"white">> => 0, <<"black">> => 1,
                                                     <<"grey">> => 2, <<"unknown">> => unknown})}),
    done();
run([<<"behave">>, Imsi, Cmd, What], registered) ->
    Key = {behave, Imsi, maps:get(Cmd, #{<<"mar">> => 'MAR', <<"sar">> => 'SAR',
                                         <<"ecr">> => 'ECR', <<"any">> => any})},
    ets:insert(?T, {Key, case What of
                             <<"normal">> -> normal;
                             _ -> binary_to_integer(What)
                         end}),
    done();
run([<<"profile">>, Imsi, Profile], registered) ->
    ets:insert(?T, {{profile, Imsi}, known_profile(Profile)}),
    done();
run([<<"peers">>], registered) ->
    [[{event, answer}, {peers, {list, peer_node:peers()}}]];
run([<<"disconnect">>], registered) ->
    ok = peer_node:disconnect(),
    done().

done() ->
    [[{event, answer}, {ok, true}]].

known_profile(Name) ->
    case [P || P <- hss_data:names(), atom_to_binary(P) == Name] of
        [P] -> P;
        [] -> throw("no such profile: " ++ binary_to_list(Name))
    end.

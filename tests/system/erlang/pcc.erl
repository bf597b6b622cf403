%% SPDX-License-Identifier: BSD-3-Clause
%%
%% An independent PCRF and OCS for the system tests: Gx (TS 29.212), Gy (TS 32.299) on Erlang/OTP's
%% diameter application, its codecs compiled at start from dictionaries/ts29212.dia and ts32299.dia.
%% It shares with the gateway only those dictionary files. Every incoming message is decoded
%% strictly: what does not fit the ABNF is reported as an "error" line and answered with the 5xxx
%% that RFC 6733 asks for. It has no rules and no accounts of its own: what it answers is scripted.
%%
%%   tests/system/erlang/pcc [option value]...
%%     --apps gx,gy       the applications it serves, or one of them        gx,gy
%%     --host IP          address to listen on                              127.0.0.1
%%     --port N           TCP port; 0 takes a free one                      3868
%%     --connect IP:PORT  connect to this peer as well (or --port none for only that)
%%     --identity NAME    Origin-Host                                       pcc.example.org
%%     --realm NAME       Origin-Realm                                      example.org
%%     --control PORT     also take commands on 127.0.0.1:PORT (0: a free one); without it the
%%                        end of standard input ends the program
%%     --watchdog MS      Tw, at least 6000                                 30000
%%     --units N          octets that an unscripted answer grants           1000
%%     --quiet yes        no line per request (load tests)                  no
%%
%% Standard output: one JSON object per line, "event" tells which.
%%   ready    host, port, control           listening
%%   up/down  peer, realm                   a peer's connection opened or was lost
%%   request  app, cmd, type, number, session, peer, retransmitted, end-to-end, avps
%%   answered app, type, number, session    an answer was sent, whatever it was
%%   error    app, cmd, peer, errors        a message that does not fit: code, avp, data of each
%%   answer   what came back to a command below: result, avps, errors, ms; or failure
%%
%% Without a script a CCR is answered with 2001, and on Gy what asks for units gets --units.
%%
%% Commands, a line each, on standard input or the control port. TERM is an Erlang term:
%%   script {App, Type, Session, Steps}
%%       App gx or gy; Type 1..4 or any; Session the last part of the Session-Id as a binary, or
%%       any. The requests that fit take one step each, the first of Steps first; without a step
%%       left, the next less particular script, then the answer above. A step is a map:
%%         avps => #{...}   AVPs that come on top of the answer (or in place of its own)
%%         without => [..]  AVPs that are left out
%%         result => N      Result-Code; {experimental, N} for Experimental-Result; none
%%         wait => MS       answers later
%%         act => silent | close | twice | {error, N}   no answer; the connection is lost;
%%                          the answer comes twice; answer with the E bit and this Result-Code
%%         keep => true     the step stays
%%   clear                 forgets all scripts
%%   send {App, Cmd, Session-Id, Host, Realm, Avps}   RAR or ASR; Avps on top of the required ones
%%   storm {App, Cmd, Session-Ids, Host, Realm, Avps} the same to all at once: results with counts
%%   peers | disconnect | quit
-module(pcc).
-export([main/0]).
-export([peer_up/4, peer_down/4, pick_peer/5, prepare_request/4, prepare_retransmit/4,
         handle_answer/5, handle_error/5, handle_request/4]).

-include_lib("diameter/include/diameter.hrl").
-include_lib("diameter/include/diameter_gen_base_rfc6733.hrl").

-define(GX, 16777238).
-define(GY, 4).
-define(VENDOR, 10415).
-define(T, ?MODULE).

-import(peer_node, [opt/1, print/1, code/1]).

main() ->
    Opts = peer_node:options("pcc", init:get_plain_arguments(), defaults()),
    ets:new(?T, [named_table, public, {read_concurrency, true}]),
    [ets:insert(?T, {{dict, A}, hss_json:dictionary(dictionary(A))}) || A <- apps()],
    register(scripts, spawn(fun() -> scripts([]) end)),
    peer_node:start(?MODULE, service(Opts), Opts, fun run/2).

defaults() ->
    #{apps => "gx,gy", host => "127.0.0.1", port => "3868", connect => none,
      identity => "pcc.example.org", realm => "example.org", control => none,
      watchdog => "30000", units => "1000", quiet => "no"}.

apps() ->
    [case A of "gx" -> gx; "gy" -> gy; _ -> peer_node:stop("unknown application " ++ A) end
     || A <- string:split(opt(apps), ",", all)].

dictionary(gx) -> ts29212;
dictionary(gy) -> ts32299.

application_id(gx) -> ?GX;
application_id(gy) -> ?GY.

dict(App) ->
    ets:lookup_element(?T, {dict, App}, 2).

%% --- the diameter service ---------------------------------------------------------------------

service(#{identity := Host, realm := Realm}) ->
    Gx = #'diameter_base_Vendor-Specific-Application-Id'{'Vendor-Id' = ?VENDOR,
                                                         'Auth-Application-Id' = [?GX]},
    [{'Origin-Host', Host}, {'Origin-Realm', Realm}, {'Vendor-Id', ?VENDOR},
     {'Product-Name', "Erlang PCRF and OCS"}, {'Supported-Vendor-Id', [?VENDOR]},
     {'Vendor-Specific-Application-Id', [Gx || gx <- apps()]},
     {'Auth-Application-Id', [?GY || gy <- apps()]},
     {decode_format, map}, {string_decode, false}, {restrict_connections, false}]
    ++ [{application, [{alias, A}, {dictionary, dictionary(A)}, {module, [?MODULE, A]},
                       {request_errors, callback}, {answer_errors, callback}]} || A <- apps()].

peer_up(_Svc, {_, Caps}, State, App) ->
    App == hd(apps()) andalso peer_node:peer(up, Caps),
    State.

peer_down(_Svc, {_, Caps}, State, App) ->
    App == hd(apps()) andalso peer_node:peer(down, Caps),
    State.

pick_peer([Peer | _], _, _Svc, _State, _App) -> {ok, Peer};
pick_peer([], [Peer | _], _Svc, _State, _App) -> {ok, Peer};
pick_peer([], [], _Svc, _State, _App) -> false.

prepare_request(Pkt, _Svc, _Peer, _App) -> {send, Pkt#diameter_packet.msg}.
prepare_retransmit(Pkt, _Svc, _Peer, _App) -> {send, Pkt}.

handle_answer(#diameter_packet{} = Pkt, _Req, _Svc, _Peer, _App) -> {ok, Pkt}.
handle_error(Reason, _Req, _Svc, _Peer, _App) -> {error, Reason}.

%% --- requests ---------------------------------------------------------------------------------

%% A message that does not fit: the reply lets diameter add Result-Code and Failed-AVP.
handle_request(#diameter_packet{msg = Msg, header = H, errors = [_ | _] = Errors}, _Svc,
               {_, Caps}, App) ->
    peer_node:report(Errors, command(H), Caps, [{app, App}]),
    case {Msg, [E || E <- Errors, code(E) < 4000]} of
        {['CCR' | Avps], []} when is_map(Avps) -> {reply, ['CCA' | common(App, Avps, Caps)]};
        {_, [E | _]} -> {answer_message, code(E)};
        _ -> {answer_message, code(hd(Errors))}
    end;
handle_request(#diameter_packet{msg = ['CCR' | Decoded], header = H} = Pkt, _Svc,
               {TPid, #diameter_caps{origin_host = {_, From}} = Caps}, App) ->
    Avps = hss_json:plain({dictionary(App), 'CCR'}, Decoded, dict(App)),
    #{'Session-Id' := Session, 'CC-Request-Type' := Type, 'CC-Request-Number' := Number} = Avps,
    What = [{app, App}, {cmd, 'CCR'}, {type, Type}, {number, Number}, {session, Session}],
    opt(quiet) == "yes" orelse
        print([{event, request} | What] ++
              [{peer, From}, {retransmitted, H#diameter_header.is_retransmitted},
               {'end-to-end', H#diameter_header.end_to_end_id},
               {avps, {hss_json:avps(Avps, dict(App))}}]),
    Step = step(App, Type, Session),
    timer:sleep(maps:get(wait, Step, 0)),
    Reply = act(maps:get(act, Step, answer), answer(App, Step, Avps, Caps), App, Pkt, TPid),
    opt(quiet) == "yes" orelse print([{event, answered} | What]),
    Reply;
handle_request(_, _, _, _) ->
    {answer_message, 3001}.

command(#diameter_header{cmd_code = Code, is_request = R}) ->
    maps:get({Code, R}, #{{272, true} => 'CCR', {258, false} => 'RAA', {274, false} => 'ASA'},
             Code).

%% What every answer has. Proxy-Info goes back in the order it came.
common(App, Avps, #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}}) ->
    maps:merge(#{'Session-Id' => <<>>, 'CC-Request-Type' => 1, 'CC-Request-Number' => 0,
                 'Origin-Host' => Host, 'Origin-Realm' => Realm,
                 'Auth-Application-Id' => application_id(App)},
               maps:with(['Proxy-Info', 'Session-Id', 'CC-Request-Type', 'CC-Request-Number'],
                         Avps)).

answer(App, Step, Avps, Caps) ->
    Base = maps:merge(common(App, Avps, Caps), unscripted(App, Avps)),
    All = maps:merge(Base#{'Result-Code' => 2001}, maps:get(avps, Step, #{})),
    Rest = maps:without(maps:get(without, Step, []), All),
    case maps:get(result, Step, 2001) of
        2001 -> Rest;
        none -> maps:remove('Result-Code', Rest);
        {experimental, N} ->
            (maps:remove('Result-Code', Rest))#{
                'Experimental-Result' => #{'Vendor-Id' => ?VENDOR,
                                           'Experimental-Result-Code' => N}};
        N -> Rest#{'Result-Code' => N}
    end.

unscripted(gy, #{'Multiple-Services-Credit-Control' := Services}) ->
    #{'Multiple-Services-Credit-Control' => [grant(S) || S <- Services]};
unscripted(_, _) ->
    #{}.

grant(Service) ->
    Key = (maps:with(['Rating-Group', 'Service-Identifier'], Service))#{'Result-Code' => 2001},
    case Service of
        #{'Requested-Service-Unit' := _} ->
            Key#{'Granted-Service-Unit' => #{'CC-Total-Octets' => list_to_integer(opt(units))}};
        _ ->
            Key
    end.

act(silent, _, _, _, _) ->
    discard;
act(close, _, _, _, TPid) ->
    exit(TPid, kill),
    discard;
act({error, Code}, _, _, _, _) ->
    {answer_message, Code};
act(How, Answer, App, Pkt, TPid) ->
    case encode(App, ['CCA' | Answer], Pkt) of
        {ok, Bin} when How == twice ->
            raw(TPid, Bin),
            raw(TPid, Bin);
        {ok, _} ->
            {reply, ['CCA' | Answer]};
        error ->
            print([{event, error}, {app, App}, {cmd, 'CCA'}, {failure, encode},
                   {answer, io_lib:format("~p", [Answer])}]),
            discard
    end.

%% A script that cannot be encoded must be seen, and OTP would only log it.
encode(App, Msg, #diameter_packet{header = H}) ->
    Header = H#diameter_header{is_request = false, is_retransmitted = false, is_error = false},
    try diameter_codec:encode(dictionary(App), #diameter_packet{header = Header, msg = Msg}) of
        #diameter_packet{bin = Bin} -> {ok, Bin}
    catch
        _:_ -> error
    end.

raw(TPid, Bin) ->
    TPid ! {send, #diameter_packet{bin = Bin}, self()},
    discard.

%% --- scripts ----------------------------------------------------------------------------------

%% A process of its own: steps are taken one at a time. Scripts: [{{App, Type, Session}, Steps}].
scripts(Scripts) ->
    receive
        {put, Key, Steps} -> scripts(lists:keystore(Key, 1, Scripts, {Key, Steps}));
        clear -> scripts([]);
        {take, From, Keys} ->
            {Step, Left} = take(Keys, Scripts),
            From ! {step, Step},
            scripts(Left)
    end.

take([Key | Rest], Scripts) ->
    case lists:keyfind(Key, 1, Scripts) of
        {_, [#{keep := true} = Step | _]} -> {Step, Scripts};
        {_, [Step | Steps]} -> {Step, lists:keyreplace(Key, 1, Scripts, {Key, Steps})};
        _ -> take(Rest, Scripts)
    end;
take([], Scripts) ->
    {#{}, Scripts}.

step(App, Type, Session) ->
    Name = lists:last(binary:split(Session, <<";">>, [global])),
    scripts ! {take, self(), [{App, T, S} || S <- [Name, any], T <- [Type, any]]},
    receive {step, Step} -> Step end.

%% --- commands ---------------------------------------------------------------------------------

run([], _) -> [];
run([<<"quit">>], _) -> peer_node:quit();
run([<<"peers">>], _) -> [[{event, answer}, {peers, {list, peer_node:peers()}}]];
run([<<"disconnect">>], _) ->
    ok = peer_node:disconnect(),
    ok();
run([<<"clear">>], _) ->
    scripts ! clear,
    ok();
run([<<"script">> | _], <<"script ", Text/binary>>) ->
    {App, Type, Session, Steps} = term(Text),
    scripts ! {put, {App, Type, Session}, Steps},
    ok();
run([<<"send">> | _], <<"send ", Text/binary>>) ->
    {App, Cmd, Session, Host, Realm, Avps} = term(Text),
    [call(App, Cmd, Session, Host, Realm, Avps)];
run([<<"storm">> | _], <<"storm ", Text/binary>>) ->
    {App, Cmd, Sessions, Host, Realm, Avps} = term(Text),
    [storm(App, Cmd, Sessions, Host, Realm, Avps)].

ok() ->
    [[{event, answer}, {ok, true}]].

term(Text) ->
    {ok, Tokens, _} = erl_scan:string(binary_to_list(Text) ++ "."),
    {ok, Term} = erl_parse:parse_term(Tokens),
    Term.

required(gx, 'RAR') -> #{'Re-Auth-Request-Type' => 0};
required(gy, 'RAR') -> #{'Re-Auth-Request-Type' => 0};
required(_, _) -> #{}.

call(App, Cmd, Session, Host, Realm, Avps) ->
    Base = #{'Session-Id' => Session, 'Origin-Host' => opt(identity), 'Origin-Realm' => opt(realm),
             'Destination-Host' => Host, 'Destination-Realm' => Realm,
             'Auth-Application-Id' => application_id(App)},
    Msg = [Cmd | maps:merge(maps:merge(Base, required(App, Cmd)), Avps)],
    Start = erlang:monotonic_time(microsecond),
    %% To the gateway itself if it is connected, else through whoever is: a relay.
    Result = diameter:call(?MODULE, App, Msg, [{filter, {first, [host, none]}}, {timeout, 60000}]),
    Ms = (erlang:monotonic_time(microsecond) - Start) / 1000,
    [{event, answer}, {app, App}, {cmd, Cmd}, {session, Session}, {ms, round(Ms * 10) / 10}
     | peer_node:outcome(Result, dictionary(App), dict(App))].

storm(App, Cmd, Sessions, Host, Realm, Avps) ->
    Me = self(),
    Start = erlang:monotonic_time(microsecond),
    [spawn(fun() -> Me ! {done, S, call(App, Cmd, S, Host, Realm, Avps)} end) || S <- Sessions],
    Results = [receive {done, S, Answer} -> kind(S, Answer) end || S <- Sessions],
    Ms = (erlang:monotonic_time(microsecond) - Start) / 1000,
    Counts = lists:foldl(fun(K, M) -> maps:update_with(K, fun(N) -> N + 1 end, 1, M) end, #{},
                         Results),
    [{event, answer}, {ms, round(Ms)}, {results, {maps:to_list(Counts)}}].

%% How one answer of a storm counts: it must also be for the session that was asked about.
kind(Session, Answer) ->
    case {proplists:get_value(failure, Answer), proplists:get_value(avps, Answer)} of
        {undefined, {Avps}} ->
            case proplists:get_value('Session-Id', Avps) of
                Session -> integer_to_binary(proplists:get_value(result, Answer));
                _ -> <<"of another session">>
            end;
        {Failure, _} ->
            iolist_to_binary(io_lib:format("~p", [Failure]))
    end.

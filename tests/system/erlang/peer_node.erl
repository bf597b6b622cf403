%% SPDX-License-Identifier: BSD-3-Clause
%%
%% What the programs of this folder have in common: options, a diameter service that listens, one
%% JSON line per event on standard output, commands on standard input or a control port.
%% Not for: any application's messages.
-module(peer_node).
-export([options/3, opt/1, start/4, stop/1, print/1, peer/2, peers/0, disconnect/0, quit/0,
         report/4, explain/1, code/1, outcome/3]).

-include_lib("diameter/include/diameter.hrl").

-define(T, ?MODULE).

%% The options of the command line over the defaults; Name: of the program, for complaints.
options(Name, Arguments, Defaults) ->
    ets:new(?T, [named_table, public, {read_concurrency, true}]),
    ets:insert(?T, {name, Name}),
    Opts = parse(Arguments, Defaults),
    ets:insert(?T, {opts, Opts}),
    Opts.

parse(["--" ++ Name, Value | Rest], Opts) ->
    Known = [{atom_to_list(K), K} || K <- maps:keys(Opts)],
    case lists:keyfind(Name, 1, Known) of
        {_, Key} -> parse(Rest, Opts#{Key => Value});
        false -> stop("unknown option --" ++ Name)
    end;
parse([], Opts) ->
    Opts;
parse([Other | _], _) ->
    stop("option expected, not " ++ Other).

stop(Text) ->
    io:format(standard_error, "~s: ~s (see --help)~n", [ets:lookup_element(?T, name, 2), Text]),
    halt(2).

opt(Key) ->
    maps:get(Key, ets:lookup_element(?T, opts, 2)).

%% Starts the service and takes commands until the end. Run: a function of a line's words and of
%% the whole line that gives the lines to print.
start(Service, Config, Opts, Run) ->
    ets:insert(?T, [{service, Service}, {run, Run}]),
    register(printer, spawn(fun printer/0)),
    ok = application:start(diameter),
    ok = diameter:start_service(Service, Config),
    Port = transports(Opts),
    Control = control(maps:get(control, Opts)),
    print([{event, ready}, {host, maps:get(host, Opts)}, {port, Port}, {control, Control}]),
    stdin(Control).

service() ->
    ets:lookup_element(?T, service, 2).

%% --- transports -------------------------------------------------------------------------------

%% The port that is listened on, or none.
transports(#{host := Host, port := Port, connect := Connect, watchdog := Tw}) ->
    {ok, Ip} = inet:parse_address(Host),
    Timers = [{watchdog_timer, list_to_integer(Tw)}, {connect_timer, 1000},
              {capx_timeout, 30000}],
    Connect == none orelse begin
        [RemoteIp, RemotePort] = string:split(Connect, ":", trailing),
        {ok, Remote} = inet:parse_address(RemoteIp),
        {ok, _} = diameter:add_transport(service(), {connect, Timers ++ [
            {transport_module, diameter_tcp},
            {transport_config, [{ip, Ip}, {raddr, Remote},
                                {rport, list_to_integer(RemotePort)}]}]})
    end,
    listen(Port, Ip, Timers).

listen("none", _, _) ->
    none;
listen(Port, Ip, Timers) ->
    N = case Port of
            "0" -> free_port(Ip);
            _ -> list_to_integer(Port)
        end,
    {ok, Ref} = diameter:add_transport(service(), {listen, Timers ++ [
        {transport_module, diameter_tcp},
        {transport_config, [{ip, Ip}, {port, N}, {reuseaddr, true}, {nodelay, true},
                            {recbuf, 262144}, {sndbuf, 262144}]}]}),
    ets:insert(?T, {listener, Ref, integer_to_list(N), Ip, Timers}),
    wait_listening(Ip, N, 1500),
    N.

%% None of those that connections are given: it is listened on more than once.
free_port(Ip) ->
    N = 9999 + rand:uniform(20000),
    case gen_tcp:listen(N, [{ip, Ip}]) of
        {ok, S} -> ok = gen_tcp:close(S), N;
        {error, _} -> free_port(Ip)
    end.

%% diameter_tcp opens its socket in its own time; "ready" must mean that a peer can connect.
wait_listening(_, Port, 0) ->
    stop("cannot listen on port " ++ integer_to_list(Port));
wait_listening(Ip, Port, Tries) ->
    case gen_tcp:listen(Port, [{ip, Ip}]) of
        {error, eaddrinuse} -> ok;
        {ok, S} -> gen_tcp:close(S), timer:sleep(20), wait_listening(Ip, Port, Tries - 1);
        {error, _} -> wait_listening(Ip, Port, 0)
    end.

peer(Event, #diameter_caps{origin_host = {_, Host}, origin_realm = {_, Realm}}) ->
    print([{event, Event}, {peer, Host}, {realm, Realm}]).

%% Who is connected.
peers() ->
    [H || L <- diameter:service_info(service(), connections),
          {watchdog, {_, _, okay}} <- L,
          {caps, C} <- L, {origin_host, {_, H}} <- C].

%% DPR to every peer, then listens again.
disconnect() ->
    [{_, Ref, Port, Ip, Timers}] = ets:lookup(?T, listener),
    ok = diameter:remove_transport(service(), Ref),
    timer:sleep(500),
    _ = listen(Port, Ip, Timers),
    ok.

%% --- what does not fit ------------------------------------------------------------------------

report(Errors, Cmd, #diameter_caps{origin_host = {_, Host}}, More) ->
    print([{event, error}, {cmd, Cmd}, {peer, Host} | More]
          ++ [{errors, {list, [explain(E) || E <- Errors]}}]).

explain({Code, #diameter_avp{code = C, vendor_id = V, name = N, data = D}}) ->
    Data = if is_binary(D) -> hss_json:hex(D); true -> io_lib:format("~p", [D]) end,
    {[{code, Code}, {avp, N}, {number, C}, {vendor, V}, {data, Data}]};
explain(Code) ->
    {[{code, Code}]}.

code({Code, _}) -> Code;
code(Code) -> Code.

%% What diameter:call gave, as pairs of an answer line. Mod: the application's dictionary module.
outcome({ok, #diameter_packet{msg = [Name | Decoded], errors = Errors, header = H}}, Mod, Dict)
  when is_map(Decoded) ->
    Avps = hss_json:plain({dictionary_of(Name, Mod), Name}, Decoded, Dict),
    Experimental = maps:get('Experimental-Result', Avps, #{}),
    [{result, maps:get('Result-Code', Avps, null)},
     {experimental, maps:get('Experimental-Result-Code', Experimental, null)},
     {'origin-host', maps:get('Origin-Host', Avps, null)},
     {'e-bit', H#diameter_header.is_error},
     {errors, {list, [explain(E) || E <- Errors]}},
     {avps, {hss_json:avps(Avps, Dict)}}];
outcome({ok, #diameter_packet{errors = Errors}}, _, _) ->
    [{failure, undecodable}, {errors, {list, [explain(E) || E <- Errors]}}];
outcome({error, Reason}, _, _) ->
    [{failure, if is_atom(Reason) -> Reason; true -> io_lib:format("~p", [Reason]) end}].

%% An answer with the E bit has the base protocol's ABNF.
dictionary_of('answer-message', _) -> diameter_gen_base_rfc6733;
dictionary_of(_, Mod) -> Mod.

%% --- commands ---------------------------------------------------------------------------------

control(none) ->
    none;
control(Port) ->
    {ok, S} = gen_tcp:listen(list_to_integer(Port), [{ip, {127, 0, 0, 1}}, binary, {packet, line},
                                                     {buffer, 1048576}, {active, false},
                                                     {reuseaddr, true}]),
    spawn(fun() -> accept(S) end),
    {ok, N} = inet:port(S),
    N.

accept(Listener) ->
    {ok, S} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> session(S) end end),
    ok = gen_tcp:controlling_process(S, Pid),
    Pid ! go,
    accept(Listener).

session(S) ->
    case gen_tcp:recv(S, 0) of
        {ok, Line} ->
            Results = command_line(Line),
            [print(R) || R <- Results],
            gen_tcp:send(S, [[hss_json:line(R), $\n] || R <- Results]),
            session(S);
        {error, _} ->
            gen_tcp:close(S)
    end.

stdin(Control) ->
    case io:get_line("") of
        Line when is_list(Line) ->
            [print(L) || L <- command_line(list_to_binary(Line))],
            stdin(Control);
        _ when Control == none ->
            quit();
        _ ->
            receive forever -> ok end
    end.

quit() ->
    diameter:stop_service(service()),
    printer ! {flush, self()},
    receive flushed -> ok after 10000 -> ok end,
    halt(0).

%% The lines to print for a command line.
command_line(Line) ->
    Run = ets:lookup_element(?T, run, 2),
    try Run(binary:split(Line, [<<" ">>, <<"\n">>, <<"\r">>], [global, trim_all]), Line)
    catch
        throw:Text -> [[{event, answer}, {failure, Text}]];
        error:_ -> [[{event, answer}, {failure, "bad command: " ++ binary_to_list(Line)}]]
    end.

%% A process of its own writes: a reader that is slow must not hold up the protocol.
print(Pairs) ->
    printer ! {line, hss_json:line(Pairs)},
    ok.

printer() ->
    receive
        {line, Line} -> io:put_chars([Line, $\n]);
        {flush, From} -> From ! flushed
    end,
    printer().

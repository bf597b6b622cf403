%% SPDX-License-Identifier: BSD-3-Clause
%%
%% Compiles a folder of .dia dictionaries with OTP's own dictionary compiler, in the order that
%% their @inherits lines ask for. The tests use it to check the files, the HSS in
%% tests/system/erlang to get a codec that shares no code with the gateway.
%% Not for: the gateway, which reads .dia files itself (lib/diameter).
-module(dia_build).
-export([all/2, some/3, inherits/1]).

%% Compiles every *.dia in DictDir into OutDir and loads it.
%% {ok, Names} in build order | {error, Text}.
all(DictDir, OutDir) ->
    Files = filelib:wildcard(filename:join(DictDir, "*.dia")),
    some(DictDir, OutDir, [filename:basename(F, ".dia") || F <- Files]).

%% The same for the dictionaries in Names and those they inherit.
some(DictDir, OutDir, Names) ->
    ok = filelib:ensure_dir(filename:join(OutDir, "x")),
    true = code:add_patha(OutDir),
    try order(DictDir, Names, [], []) of
        Order -> build(Order, DictDir, OutDir, [])
    catch
        throw:Text -> {error, Text}
    end.

%% The dictionaries named by the @inherits lines of a file, without OTP's own.
inherits(File) ->
    {ok, Bin} = file:read_file(File),
    case re:run(Bin, "^@inherits +([^\\s;]+)", [global, multiline, {capture, [1], list}]) of
        {match, L} -> lists:usort([N || [N] <- L, not lists:prefix("diameter_gen_", N)]);
        nomatch -> []
    end.

%% Depth first; Path is the chain being followed, so that a circle is named rather than followed.
order(_Dir, [], _Path, Done) ->
    Done;
order(Dir, [N | Rest], Path, Done) ->
    case {lists:member(N, Done), lists:member(N, Path)} of
        {true, _} ->
            order(Dir, Rest, Path, Done);
        {_, true} ->
            throw("circular @inherits: " ++ string:join(lists:reverse([N | Path]), " -> "));
        _ ->
            File = filename:join(Dir, N ++ ".dia"),
            filelib:is_regular(File) orelse
                throw(lists:concat(["no ", N, ".dia, inherited by ", hd(Path ++ ["the caller"])])),
            order(Dir, Rest, Path, order(Dir, inherits(File), [N | Path], Done) ++ [N])
    end.

build([], _Dir, _Out, Built) ->
    {ok, lists:reverse(Built)};
build([N | Rest], Dir, Out, Built) ->
    File = filename:join(Dir, N ++ ".dia"),
    case diameter_make:codec(File, [{outdir, Out}, {include, Out}]) of
        ok -> compile(N, Rest, Dir, Out, Built);
        {error, Reason} -> {error, N ++ ".dia: " ++ reason(Reason)}
    end.

compile(N, Rest, Dir, Out, Built) ->
    case compile:file(filename:join(Out, N ++ ".erl"), [{outdir, Out}, return]) of
        {ok, Mod, []} ->
            atom_to_list(Mod) == N orelse throw(N ++ ".dia: @name is " ++ atom_to_list(Mod)),
            code:purge(Mod),
            {module, Mod} = code:load_abs(filename:join(Out, N)),
            build(Rest, Dir, Out, [N | Built]);
        {ok, _, Warnings} ->
            {error, lists:flatten(io_lib:format("~s.dia: warnings ~p", [N, Warnings]))};
        {error, Errors, _} ->
            {error, lists:flatten(io_lib:format("~s.dia: errors ~p", [N, Errors]))}
    end.

reason(Reason) ->
    lists:flatten(
        try diameter_make:format_error(Reason)
        catch _:_ -> io_lib:format("~p", [Reason])
        end).

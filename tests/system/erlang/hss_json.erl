%% SPDX-License-Identifier: BSD-3-Clause
%%
%% Decoded messages made plain, and written as one JSON object per line. AVPs become text or
%% numbers by their dictionary type: OctetString as lower-case hex, the strings as text, addresses
%% dotted, groups as objects; an AVP that may occur more than once is a list.
%% Not for: reading JSON.
-module(hss_json).
-export([line/1, dictionary/1, plain/3, avps/2, hex/1]).

-include_lib("diameter/include/diameter.hrl").

%% [{Key, Value}] to a line without its newline. Values: number, binary or atom (true, false and
%% null as such, other atoms as strings), {Pairs} for an object, {list, Values} for an array.
line(Pairs) ->
    iolist_to_binary(value({Pairs})).

value({list, L}) -> ["[", lists:join(",", [value(V) || V <- L]), "]"];
value({Pairs}) ->
    ["{", lists:join(",", [[str(key(K)), ":", value(V)] || {K, V} <- Pairs]), "}"];
value(N) when is_integer(N) -> integer_to_binary(N);
value(F) when is_float(F) -> float_to_binary(F, [short]);
value(A) when A == true; A == false; A == null -> atom_to_binary(A);
value(undefined) -> "null";
value(A) when is_atom(A) -> str(atom_to_binary(A));
value(S) -> str(iolist_to_binary(S)).

key(A) when is_atom(A) -> atom_to_binary(A);
key(B) -> B.

str(B) ->
    Text = case unicode:characters_to_list(B) of
               L when is_list(L) -> L;
               _ -> binary_to_list(hex(B))
           end,
    [$", [escape(C) || C <- Text], $"].

escape($") -> "\\\"";
escape($\\) -> "\\\\";
escape(C) when C < 32 -> io_lib:format("\\u~4.16.0b", [C]);
escape(C) -> unicode:characters_to_binary([C]).

hex(Bin) ->
    string:lowercase(binary:encode_hex(Bin)).

%% What a compiled dictionary and those it inherits know: {type, Avp} => dictionary type and
%% {group, Avp} => the module with its ABNF.
dictionary(Mod) ->
    {module, Mod} = code:ensure_loaded(Mod),
    Dict = Mod:dict(),
    Inherited = [dictionary(list_to_atom(M)) || {M, _} <- proplists:get_value(inherits, Dict, [])],
    Own = [{{type, list_to_atom(Name)}, list_to_atom(Type)}
           || {Name, _, Type, _} <- proplists:get_value(avp_types, Dict, [])],
    Groups = [{{group, list_to_atom(element(1, G))}, Mod}
              || G <- proplists:get_value(grouped, Dict, [])],
    lists:foldl(fun maps:merge/2, maps:from_list(Own ++ Groups), Inherited).

%% The codec gives every AVP that is not exactly one as a list. Here what may occur at most once
%% is its value, at all depths. Name: the message's or group's, Mod: whose ABNF that is.
plain({Mod, Name}, Map, Dict) ->
    maps:map(fun(K, V) -> unwrap(Mod:avp_arity(Name, K), K, V, Dict) end, Map).

unwrap({0, 1}, K, [V], Dict) when K /= 'AVP' -> inner(K, V, Dict);
unwrap(_, 'AVP', V, _) -> V;
unwrap(_, K, V, Dict) when is_list(V) -> [inner(K, X, Dict) || X <- V];
unwrap(_, K, V, Dict) -> inner(K, V, Dict).

inner(K, V, Dict) when is_map(V) ->
    case Dict of
        #{{group, K} := Mod} -> plain({Mod, K}, V, Dict);
        _ -> V
    end;
inner(_, V, _) ->
    V.

%% A plain message or group as pairs for line/1.
avps(Map, Dict) ->
    [{K, avp(K, V, Dict)} || {K, V} <- lists:sort(maps:to_list(Map)), K /= 'AVP', V /= []]
        ++ [{unknown, {list, [unknown(A) || A <- Other]}}
            || Other <- [maps:get('AVP', Map, [])], Other /= []].

%% Strings are binaries here (string_decode is off), so a list is one of several AVPs.
avp(K, V, Dict) when is_list(V) -> {list, [avp(K, X, Dict) || X <- V]};
avp(_, V, Dict) when is_map(V) -> {avps(V, Dict)};
avp(K, V, Dict) ->
    case maps:get({type, K}, Dict, 'OctetString') of
        'OctetString' when is_binary(V) -> hex(V);
        'Address' -> inet:ntoa(V);
        'Time' -> time(V);
        _ when is_tuple(V) -> io_lib:format("~p", [V]);
        _ -> V
    end.

time({{Y, Mo, D}, {H, Mi, S}}) ->
    io_lib:format("~4..0b-~2..0b-~2..0bT~2..0b:~2..0b:~2..0bZ", [Y, Mo, D, H, Mi, S]).

unknown(#diameter_avp{code = Code, vendor_id = Vendor, is_mandatory = M, data = Data}) ->
    {[{code, Code}, {vendor, Vendor}, {mandatory, M}, {data, data(Data)}]};
unknown(_) ->
    null.

data(B) when is_binary(B) -> hex(B);
data(_) -> null.

#!/usr/bin/env escript
%% SPDX-License-Identifier: BSD-3-Clause
%%
%% Compiles a folder of dictionaries with OTP and sends every command of every application through
%% the generated codec: once with only what its ABNF requires, once with every AVP it names at all
%% depths (several of those that may repeat). Encode, decode strictly, encode again: no error, and
%% the same bytes.
%% usage: roundtrip.escript FOLDER OUT      (OUT has dia_build.beam)

-include_lib("diameter/include/diameter.hrl").

main([Folder, Out]) ->
    true = code:add_patha(Out),
    ok = application:start(diameter),
    case dia_build:all(Folder, Out) of
        {ok, Names} ->
            io:format("~b dictionaries compile without a warning~n", [length(Names)]),
            halt(report(lists:append([trip(list_to_atom(N)) || N <- Names])));
        {error, Text} ->
            io:format("~s~n", [Text]),
            halt(1)
    end.

report(Results) ->
    Bad = [R || {bad, _} = R <- Results],
    [io:format("~s~n", [Text]) || {bad, Text} <- Bad],
    Largest = lists:max([0 | [Size || {ok, Size} <- Results]]),
    io:format("~b of ~b messages go round, the largest has ~b bytes~n",
              [length(Results) - length(Bad), length(Results), Largest]),
    min(1, length(Bad)).

trip(Mod) ->
    Dict = Mod:dict(),
    case proplists:get_value(id, Dict) of
        undefined -> [];
        Id ->
            [trip(Mod, Id, list_to_atom(Name), Code, lists:member('REQ', Flags), Depth)
             || {Name, Code, Flags, _, _} <- proplists:get_value(messages, Dict, []),
                Depth <- [required, all]]
    end.

trip(Mod, Id, Name, Code, Request, Depth) ->
    Header = #diameter_header{version = 1, cmd_code = Code, application_id = Id,
                              hop_by_hop_id = 1, end_to_end_id = 2, is_request = Request,
                              is_proxiable = true, is_error = false, is_retransmitted = false},
    Where = io_lib:format("~s ~s (~s)", [Mod, Name, Depth]),
    try
        Bin = encode(Mod, Header, [Name | group({message, Mod, Name}, Mod, Depth)]),
        Opts = #{decode_format => map, string_decode => false, strict_mbit => true, rfc => 6733,
                 ordered_encode => false},
        #diameter_packet{msg = Msg, errors = Errors} =
            diameter_codec:decode(Mod, Opts, Bin),
        case Errors of
            [] -> compare(Bin, encode(Mod, Header, Msg), Where);
            _ -> {bad, io_lib:format("~s: decoded with ~P", [Where, Errors, 20])}
        end
    catch
        error:Reason -> {bad, io_lib:format("~s: ~s", [Where, why(Reason)])}
    end.

compare(Bin, Bin, _) -> {ok, byte_size(Bin)};
compare(_, _, Where) -> {bad, [Where, ": not the same bytes the second time"]}.

%% The path of AVPs down to the one that OTP could not encode.
why({encode_failure, {encode_failure, _, _, _} = Inner, Name, _}) ->
    io_lib:format("~s / ~s", [Name, why(Inner)]);
why({encode_failure, Reason, Name, _}) ->
    io_lib:format("~s: ~P", [Name, Reason, 12]);
why(Reason) when is_tuple(Reason), tuple_size(Reason) > 0 ->
    case element(1, Reason) of
        E when is_tuple(E) -> why(E);
        _ -> io_lib:format("~P", [Reason, 30])
    end;
why(Reason) ->
    io_lib:format("~P", [Reason, 30]).

encode(Mod, Header, Msg) ->
    #diameter_packet{bin = Bin} =
        diameter_codec:encode(Mod, #diameter_packet{header = Header, msg = Msg}),
    Bin.

%% A map with the AVPs of an ABNF, the values made from their types.
group(Which, Mod, Depth) ->
    maps:from_list(lists:append([member(M, Mod, Depth) || M <- abnf(Which)])).

abnf({message, Mod, Name}) ->
    {_, _, _, _, Members} = lists:keyfind(atom_to_list(Name), 1,
                                          proplists:get_value(messages, Mod:dict())),
    Members;
abnf({group, Mod, Name}) ->
    {_, _, _, Members} = lists:keyfind(atom_to_list(Name), 1,
                                       proplists:get_value(grouped, Mod:dict())),
    Members.

%% A member as OTP's parser gives it: optional ones are lists, the others tuples; a quantity stands
%% before it unless it is the usual one.
member({Quantity, Member}, Mod, Depth) when Quantity == '*'; is_tuple(Quantity) ->
    {Low, High} = quantity(Quantity, Member),
    Count = case Depth of
                required -> Low;
                all when High == '*' -> max(Low, 2);
                all -> min(max(Low, 2), High)
            end,
    value(name(Member), Count, Mod, Depth, many);
member(Member, Mod, Depth) when is_list(Member) ->
    value(name(Member), if Depth == all -> 1; true -> 0 end, Mod, Depth, many);
member(Member, Mod, Depth) ->
    value(name(Member), 1, Mod, Depth, one).

quantity('*', Member) when is_list(Member) -> {0, '*'};
quantity('*', _) -> {1, '*'};
quantity({Low, High}, _) -> {Low, High}.

%% [ ], { } and < > as the parser gives them: a list, a tuple, a tuple in a tuple.
name([Name]) -> list_to_atom(Name);
name({{Name}}) -> list_to_atom(Name);
name({Name}) -> list_to_atom(Name).

%% Failed-AVP holds whatever AVP, decoded as such: OTP does not give it back as it was.
value(Name, _, _, _, _) when Name == 'AVP'; Name == 'Failed-AVP' -> [];
value(_, 0, _, _, _) -> [];
value(Name, 1, Mod, Depth, one) -> [{Name, sample(Name, Mod, Depth)}];
value(Name, Count, Mod, Depth, _) ->
    [{Name, lists:duplicate(Count, sample(Name, Mod, Depth))}].

sample(Name, Mod, Depth) ->
    {Owner, Type} = owner(Name, Mod),
    case Type of
        "Grouped" when Owner == diameter_gen_base_rfc6733 -> base_group(Name);
        "Grouped" -> group({group, Owner, Name}, Mod, Depth);
        "Enumerated" -> enumerated(Name, Owner);
        "Address" -> {192, 0, 2, 1};
        "Time" -> {{2030, 1, 2}, {3, 4, 5}};
        "Integer32" -> -7;
        "Integer64" -> -7;
        "Unsigned32" -> 16#FFFFFFFF;
        "Unsigned64" -> 16#FFFFFFFFFFFFFFFF;
        "Float32" -> 0.5;
        "Float64" -> 0.5;
        "DiameterURI" -> <<"aaa://host.example.org:3868;transport=tcp;protocol=diameter">>;
        "DiameterIdentity" -> <<"host.example.org">>;
        _ -> <<"value">>
    end.

%% Whose table an AVP stands in, as seen from Mod: its own, or one that it inherits.
owner(Name, Mod) ->
    Dict = Mod:dict(),
    Tables = [{Mod, proplists:get_value(avp_types, Dict, [])}
              | proplists:get_value(import_avps, Dict, [])],
    hd([{Owner, Type} || {Owner, Table} <- Tables, {N, _, Type, _} <- Table,
                         N == atom_to_list(Name)]).

%% The first value that the table has; the base protocol's come from OTP's own table.
enumerated(Name, Owner) ->
    Enums = proplists:get_value(enum, Owner:dict(), []),
    {_, [{_, Value} | _]} = lists:keyfind(atom_to_list(Name), 1, Enums),
    Value.

base_group('Vendor-Specific-Application-Id') ->
    #{'Vendor-Id' => 10415, 'Auth-Application-Id' => [16777251]};
base_group('Experimental-Result') ->
    #{'Vendor-Id' => 10415, 'Experimental-Result-Code' => 5001};
base_group('Proxy-Info') ->
    #{'Proxy-Host' => <<"proxy.example.org">>, 'Proxy-State' => <<"state">>}.

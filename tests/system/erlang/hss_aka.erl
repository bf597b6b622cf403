%% SPDX-License-Identifier: BSD-3-Clause
%%
%% MILENAGE (TS 35.206), the key derivation of TS 33.401 Annex A.2 and authentication vectors, on
%% OTP's crypto. Written from the specifications alone, so that vectors that the gateway passes on
%% are checked against arithmetic that shares nothing with lib/aka.
%% Not for: TUAK, XOR, sequence number policy (hss.erl).
-module(hss_aka).
-export([opc/2, milenage/5, vector/3, eutran/2, geran/1, resync/3, selftest/0]).

%% TS 35.206 4.1. All arguments are 16-byte binaries unless said otherwise.
opc(K, Op) ->
    crypto:exor(aes(K, Op), Op).

%% Sqn: 6 bytes, Amf: 2 bytes. The outputs of f1, f1*, f2 to f5 and f5*.
milenage(K, Opc, Rand, Sqn, Amf) ->
    Temp = aes(K, crypto:exor(Rand, Opc)),
    In1 = <<Sqn/binary, Amf/binary, Sqn/binary, Amf/binary>>,
    Out1 = out(K, Opc, crypto:exor(Temp, rot(crypto:exor(In1, Opc), 64)), 0),
    Rotated = fun(Bits) -> rot(crypto:exor(Temp, Opc), Bits) end,
    <<MacA:8/binary, MacS:8/binary>> = Out1,
    <<Ak:6/binary, _:2/binary, Res:8/binary>> = out(K, Opc, Rotated(0), 1),
    Ck = out(K, Opc, Rotated(32), 2),
    Ik = out(K, Opc, Rotated(64), 4),
    <<AkStar:6/binary, _/binary>> = out(K, Opc, Rotated(96), 8),
    #{mac_a => MacA, mac_s => MacS, res => Res, ck => Ck, ik => Ik, ak => Ak, ak_star => AkStar}.

%% One quintet. Keys: #{k, opc, amf}; Sqn: 48-bit integer.
vector(#{k := K, opc := Opc, amf := Amf}, Rand, Sqn) ->
    S = <<Sqn:48>>,
    M = #{ak := Ak, mac_a := Mac} = milenage(K, Opc, Rand, S, Amf),
    Hidden = crypto:exor(S, Ak),
    M#{rand => Rand, autn => <<Hidden/binary, Amf/binary, Mac/binary>>}.

%% TS 33.401 A.2: KASME from CK, IK, the serving network (3 bytes) and SQN xor AK.
eutran(#{ck := Ck, ik := Ik, autn := <<Hidden:6/binary, _/binary>>}, Plmn) ->
    S = <<16#10, Plmn/binary, 3:16, Hidden/binary, 6:16>>,
    crypto:mac(hmac, sha256, <<Ck/binary, Ik/binary>>, S).

%% TS 33.102 6.8.1.2, conversion functions c2 and c3: SRES and Kc.
geran(#{res := <<R1:4/binary, R2:4/binary>>, ck := Ck, ik := Ik}) ->
    <<C1:8/binary, C2:8/binary>> = Ck,
    <<I1:8/binary, I2:8/binary>> = Ik,
    {crypto:exor(R1, R2), crypto:exor(crypto:exor(C1, C2), crypto:exor(I1, I2))}.

%% TS 33.102 6.3.3: the SQN that a USIM reports; AMF* is zero. {ok, Sqn} | error (MAC-S).
resync(#{k := K, opc := Opc}, Rand, <<Hidden:6/binary, MacS:8/binary>>) ->
    #{ak_star := Ak} = milenage(K, Opc, Rand, <<0:48>>, <<0:16>>),
    <<Sqn:48>> = S = crypto:exor(Hidden, Ak),
    case milenage(K, Opc, Rand, S, <<0:16>>) of
        #{mac_s := MacS} -> {ok, Sqn};
        _ -> error
    end;
resync(_, _, _) ->
    error.

out(K, Opc, In, Constant) ->
    crypto:exor(aes(K, crypto:exor(In, <<Constant:128>>)), Opc).

rot(<<N:128>>, Bits) ->
    <<((N bsl Bits) bor (N bsr (128 - Bits))):128>>.

aes(K, Block) ->
    crypto:crypto_one_time(aes_128_ecb, K, Block, true).

%% TS 35.208 4.3, test set 1.
selftest() ->
    K = hex("465b5ce8b199b49faa5f0a2ee238a6bc"),
    Opc = opc(K, hex("cdc202d5123e20f62b6d676ac72cb318")),
    Opc = hex("cd63cb71954a9f4e48a5994e37a02baf"),
    Rand = hex("23553cbe9637a89d218ae64dae47bf35"),
    M = milenage(K, Opc, Rand, hex("ff9bb4d0b607"), hex("b9b9")),
    Want = #{mac_a => hex("4a9ffac354dfafb3"), mac_s => hex("01cfaf9ec4e871e9"),
             res => hex("a54211d5e3ba50bf"), ak => hex("aa689c648370"),
             ck => hex("b40ba9a3c58b2a05bbf0d987b21bf8cb"),
             ik => hex("f769bcd751044604127672711c6d3441"), ak_star => hex("451e8beca43b")},
    Want = M,
    {_, Kc} = geran(M),
    Kc = hex("eae4be823af9a08b"),
    ok.

hex(S) ->
    binary:decode_hex(list_to_binary(S)).

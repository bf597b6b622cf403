// SPDX-License-Identifier: BSD-3-Clause
// Messages of the HSS as bytes, read into what access gateways get. Synthetic ones were written out
// from their clauses in TS 29.272, the others come from the named captures (test subscribers).
#include "s6a_kit.h"

#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"

static const char subscription_data[] =
    // Subscription-Data 7.3.2, everything in it
    "00000578c0000938000028af"
    // Subscriber-Status
    "00000590c0000010000028af00000001"
    // MSISDN
    "000002bdc0000012000028af9441214365870000"
    // A-MSISDN
    "0000066b8000000e000028af21430000"
    // External-Identifier
    "00000c278000001d000028af6d65746572406578616d706c652e6f7267000000"
    // STN-SR
    "00000599c0000012000028af9421436587f90000"
    // ICS-Indicator
    "000005d380000010000028af00000001"
    // Network-Access-Mode
    "00000589c0000010000028af00000002"
    // Operator-Determined-Barring
    "00000591c0000010000028af00000003"
    // HPLMN-ODB
    "0000058ac0000010000028af00000005"
    // Regional-Subscription-Zone-Code, two of them
    "000005a6c000000e000028af00010000000005a6c000000e000028af00020000"
    // Access-Restriction-Data
    "00000592c0000010000028af00000028"
    // APN-OI-Replacement
    "00000593c000001e000028af6d6e633030322e6d63633030312e677072730000"
    // LCS-Info
    "000005c1c0000088000028af000005c2c0000012000028af9421436587f90000000005c3c000003c0000"
    "28af000005c4c000000d000028afb1000000000005c5c000000d000028af05000000000005c6c0000010"
    "000028af00000003000005cdc000002c000028af000005c4c000000d000028afc1000000000005c5c000"
    "000d000028af05000000"
    // Teleservice-List
    "000005cec000002c000028af000005cfc000000d000028af21000000000005cfc000000d000028af2200"
    "0000"
    // Call-Barring-Info
    "000005d0c000002c000028af000005c4c000000d000028af92000000000005c5c000000d000028af0700"
    "0000"
    // 3GPP-Charging-Characteristics
    "0000000dc0000010000028af30343030"
    // AMBR
    "0000059bc000003c000028af00000204c0000010000028afffffffff00000203c0000010000028af02fa"
    "f0800000022b80000010000028af007a1200"
    // APN-Configuration-Profile
    "00000595c000039c000028af0000058fc0000010000028af0000000700000594c0000010000028af0000"
    "000100000596c0000350000028af0000058fc0000010000028af0000000700000350c0000012000028af"
    "00010a000001000000000350c000001e000028af000220010db800000000000000000000000200000000"
    "05b0c0000010000028af00000002000001ed40000010696e7465726e657400000597c0000058000028af"
    "00000404c0000010000028af000000090000040a8000003c000028af0000041680000010000028af0000"
    "00080000041780000010000028af000000000000041880000010000028af0000000100000598c0000010"
    "000028af00000001000001e6400000680000014e4000000e0001c000020100000000014e4000001a0002"
    "20010db800000000000000000000000100000000015c400000340000011b400000136578616d706c652e"
    "6f72670000000125400000177067772e6578616d706c652e6f72670000000258c000000f000028af00f1"
    "10000000059ec0000010000028af000000010000000dc0000010000028af303830300000059bc000003c"
    "000028af00000204c0000010000028af000186a000000203c0000010000028afffffffff0000022a8000"
    "0010000028af004c4b40000005c0c0000084000028af000001ed4000000f7370656369616c00000001e6"
    "400000680000014e4000000e0001c000020100000000014e4000001a000220010db80000000000000000"
    "0000000100000000015c400000340000011b400000136578616d706c652e6f7267000000012540000017"
    "7067772e6578616d706c652e6f72670000000593c000001e000028af6d6e633030312e6d63633030312e"
    "6770727300000000064d80000010000028af000000010000065280000010000028af000000000000067f"
    "80000010000028af000000030000068180000010000028af00000000000006838000001c000028af0000"
    "068480000010000028af000000010000069180000010000028af000000010000069280000010000028af"
    "0000000100000c358000001c000028af736365662e6578616d706c652e6f726700000694800000170000"
    "28af6578616d706c652e6f7267000000069680000010000028af000000010000069a80000010000028af"
    "00000002000006a180000010000028af00000001000006aa80000010000028af00000001000006ab8000"
    "0010000028af000000010000069380000010000028af00000008000006b780000010000028af00000009"
    // RAT-Frequency-Selection-Priority-ID
    "000005a0c0000010000028af00000006"
    // Trace-Data
    "000005b2c0000098000028af000005b3c0000012000028af00f1100000010000000005b6c00000100000"
    "28af00000002000005b7c000000e000028af10000000000005b8c0000018000028af0000000000000000"
    "00000000000005b9c000001a000028af00000000000000000000000000000000000005bac000000f0000"
    "28af6f6d6300000005acc0000012000028af0001c00002020000"
    // GPRS-Subscription-Data
    "000005bbc0000064000028af000005bcc0000010000028af00000000000005bdc0000048000028af0000"
    "058fc0000010000028af00000003000005bec000000e000028af012100000000057cc000000f000028af"
    "01020300000001ed4000000c67707273"
    // CSG-Subscription-Data
    "0000059cc000004c000028af0000059dc0000010000028af0000004d0000059fc0000010000028afe8fe"
    "6f80000001ed40000010696e7465726e65740000057fc000000f000028af00f11000"
    // Roaming-Restricted-Due-To-Unsupported-Feature
    "000005b1c0000010000028af00000000"
    // Subscribed-Periodic-RAU-TAU-Timer
    "0000065380000010000028af00000e10"
    // MPS-Priority
    "0000065080000010000028af00000002"
    // VPLMN-LIPA-Allowed
    "0000065180000010000028af00000001"
    // Relay-Node-Indicator
    "0000066180000010000028af00000000"
    // MDT-User-Consent
    "0000066280000010000028af00000001"
    // Subscribed-VSRVCC
    "0000066480000010000028af00000000"
    // Subscription-Data-Flags
    "0000067680000010000028af00000001"
    // Adjacent-Access-Restriction-Data
    "000006898000002c000028af0000057fc000000f000028af00f1100000000592c0000010000028af0000"
    "0004"
    // DL-Buffering-Suggested-Packet-Count
    "0000068a80000010000028afffffffff"
    // IMSI-Group-Id
    "0000068b8000003c000028af0000068c80000010000028af000000010000068d8000000f000028af00f1"
    "10000000068e8000000d000028af01000000"
    // UE-Usage-Type
    "0000069080000010000028af00000000"
    // Emergency-Info
    "0000069780000074000028af000001e6400000680000014e4000000e0001c000020100000000014e4000"
    "001a000220010db800000000000000000000000100000000015c400000340000011b400000136578616d"
    "706c652e6f72670000000125400000177067772e6578616d706c652e6f726700"
    // eDRX-Cycle-Length
    "0000069b8000002c000028af0000040880000010000028af000003ed0000069c8000000d000028af0200"
    "0000"
    // Paging-Time-Window
    "000006a58000002c000028af000006a680000010000028af00000001000006a78000000d000028af0300"
    "0000"
    // Active-Time
    "000010e480000010000028af00000014"
    // Service-Gap-Time
    "000006a280000010000028af0000001e"
    // Aerial-UE-Subscription-Information
    "000006a380000010000028af00000001"
    // Core-Network-Restrictions
    "000006a880000010000028af00000002";
static const char aia_kinds[] =
    // Authentication-Info 7.3.17, a vector of each kind
    "00000585c000019c000028af"
    // E-UTRAN-Vector
    "00000586c0000094000028af0000058bc0000010000028af00000001000005a7c000001c000028af1111"
    "1111111111111111111111111111000005a8c0000014000028af1111111111111111000005a9c000001c"
    "000028af11111111111111111111111111111111000005aac000002c000028af11111111111111111111"
    "11111111111111111111111111111111111111111111"
    // UTRAN-Vector
    "00000587c00000a0000028af0000058bc0000010000028af00000001000005a7c000001c000028af2121"
    "2121212121212121212121212121000005a8c0000014000028af2121212121212121000005a9c000001c"
    "000028af21212121212121212121212121212121000002718000001c000028af22222222222222222222"
    "222222222222000002728000001c000028af23232323232323232323232323232323"
    // GERAN-Vector
    "00000588c000005c000028af0000058bc0000010000028af00000001000005a7c000001c000028af3131"
    "3131313131313131313131313131000005aec0000010000028af31313131000005adc0000014000028af"
    "3131313131313131"
    // Supported-Features
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000003"
    // UE-Usage-Type
    "0000069080000010000028af00000000"
    // Error-Diagnostic
    "0000064e80000010000028af00000000";
static const char aia_reverse[] =
    // Authentication-Info, vectors in reverse Item-Number order (PyHSS)
    "00000585c00001c8000028af"
    // Item-Number 3
    "00000586c0000094000028af0000058bc0000010000028af00000003000005a7c000001c000028af0303"
    "0303030303030303030303030303000005a8c0000014000028af0303030303030303000005a9c000001c"
    "000028af03030303030303030303030303030303000005aac000002c000028af03030303030303030303"
    "03030303030303030303030303030303030303030303"
    // Item-Number 2
    "00000586c0000094000028af0000058bc0000010000028af00000002000005a7c000001c000028af0202"
    "0202020202020202020202020202000005a8c0000014000028af0202020202020202000005a9c000001c"
    "000028af02020202020202020202020202020202000005aac000002c000028af02020202020202020202"
    "02020202020202020202020202020202020202020202"
    // Item-Number 1
    "00000586c0000094000028af0000058bc0000010000028af00000001000005a7c000001c000028af0101"
    "0101010101010101010101010101000005a8c0000014000028af0101010101010101000005a9c000001c"
    "000028af01010101010101010101010101010101000005aac000002c000028af01010101010101010101"
    "01010101010101010101010101010101010101010101";
static const char aia_bad[] =
    // Authentication-Info, all vectors wrong
    "00000585c0000360000028af"
    // RAND of 15 octets
    "00000586c0000094000028af0000058bc0000010000028af00000001000005a7c000001b000028af0101"
    "0101010101010101010101010100000005a8c0000014000028af0101010101010101000005a9c000001c"
    "000028af01010101010101010101010101010101000005aac000002c000028af01010101010101010101"
    "01010101010101010101010101010101010101010101"
    // XRES of 3 octets
    "00000586c0000090000028af0000058bc0000010000028af00000002000005a7c000001c000028af0202"
    "0202020202020202020202020202000005a8c000000f000028af02020200000005a9c000001c000028af"
    "02020202020202020202020202020202000005aac000002c000028af0202020202020202020202020202"
    "020202020202020202020202020202020202"
    // XRES of 17 octets
    "00000586c00000a0000028af0000058bc0000010000028af00000003000005a7c000001c000028af0303"
    "0303030303030303030303030303000005a8c000001d000028af03030303030303030303030303030303"
    "03000000000005a9c000001c000028af03030303030303030303030303030303000005aac000002c0000"
    "28af0303030303030303030303030303030303030303030303030303030303030303"
    // AUTN of 15 octets
    "00000586c0000094000028af0000058bc0000010000028af00000004000005a7c000001c000028af0404"
    "0404040404040404040404040404000005a8c0000014000028af0404040404040404000005a9c000001b"
    "000028af04040404040404040404040404040400000005aac000002c000028af04040404040404040404"
    "04040404040404040404040404040404040404040404"
    // KASME of 31 octets
    "00000586c0000094000028af0000058bc0000010000028af00000005000005a7c000001c000028af0505"
    "0505050505050505050505050505000005a8c0000014000028af0505050505050505000005a9c000001c"
    "000028af05050505050505050505050505050505000005aac000002b000028af05050505050505050505"
    "05050505050505050505050505050505050505050500"
    // no KASME
    "00000586c0000068000028af0000058bc0000010000028af00000006000005a7c000001c000028af0000"
    "0000000000000000000000000000000005a8c0000014000028af0000000000000000000005a9c000001c"
    "000028af00000000000000000000000000000000";
static const char aia_one_good[] =
    // Authentication-Info, one good vector between wrong ones
    "00000585c00001c4000028af"
    // RAND of 15 octets
    "00000586c0000094000028af0000058bc0000010000028af00000001000005a7c000001b000028af0101"
    "0101010101010101010101010100000005a8c0000014000028af0101010101010101000005a9c000001c"
    "000028af01010101010101010101010101010101000005aac000002c000028af01010101010101010101"
    "01010101010101010101010101010101010101010101"
    // XRES of 4 octets
    "00000586c0000090000028af0000058bc0000010000028af00000002000005a7c000001c000028af0909"
    "0909090909090909090909090909000005a8c0000010000028af09090909000005a9c000001c000028af"
    "09090909090909090909090909090909000005aac000002c000028af0909090909090909090909090909"
    "090909090909090909090909090909090909"
    // KASME of 31 octets
    "00000586c0000094000028af0000058bc0000010000028af00000005000005a7c000001c000028af0505"
    "0505050505050505050505050505000005a8c0000014000028af0505050505050505000005a9c000001c"
    "000028af05050505050505050505050505050505000005aac000002b000028af05050505050505050505"
    "05050505050505050505050505050505050505050500";
static const char clr_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Cancellation-Type
    "0000058cc0000010000028af00000000"
    // CLR-Flags
    "0000066680000010000028af00000002"
    // Supported-Features
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000001";
static const char idr_state_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Subscription-Data, empty
    "00000578c000000c000028af"
    // IDR-Flags
    "000005d2c0000010000028af0000000c"
    // Reset-ID
    "000006868000000e000028af01020000";
static const char dsr_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // DSR-Flags
    "0000058dc0000010000028af00000008"
    // SCEF-ID
    "00000c358000001c000028af736365662e6578616d706c652e6f7267"
    // Context-Identifier, two of them
    "0000058fc0000010000028af000000020000058fc0000010000028af00000003"
    // Trace-Reference
    "000005b3c0000012000028af00f1100000010000"
    // TS-Code
    "000005cfc000000d000028af21000000"
    // SS-Code
    "000005c4c000000d000028af92000000"
    // eDRX-Related-RAT
    "000006a98000002c000028af0000040880000010000028af000003ec0000040880000010000028af0000"
    "03ed"
    // External-Identifier
    "00000c278000001d000028af6d65746572406578616d706c652e6f7267000000";
static const char rsr_bytes[] =
    // User-Id, two of them
    "000005a480000011000028af3030313031000000000005a48000001b000028af30303130313030303030"
    "303030303100"
    // Reset-ID
    "000006868000000d000028af07000000";
static const char ula_head[] =
    // Supported-Features 1
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000203"
    // Supported-Features 2
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000020000"
    "027680000010000028af08000001"
    // ULA-Flags
    "0000057ec0000010000028af00000001"
    // Reset-ID
    "000006868000000d000028af05000000";
// s6a_gx_testattach.pcapng, frame 51: ULA of Open5GS
static const char ula_open5gs[] =
    "000001074000002c6d6d652e6c6f63616c646f6d61696e3b313539383131313534393b323b6170705f73"
    "366100000108400000176873732e6c6f63616c646f6d61696e0000000128400000136c6f63616c646f6d"
    "61696e000000010c4000000c000007d1000001154000000c000000010000057ec0000010000028af0000"
    "000100000578c0000164000028af00000592c0000010000028af0000002000000590c0000010000028af"
    "0000000000000589c0000010000028af000000020000059bc000002c000028af00000204c00000100000"
    "28af3d09000000000203c0000010000028af3d0900000000065380000010000028af000002d000000595"
    "c00000ec000028af0000058fc0000010000028af0000000100000594c0000010000028af000000000000"
    "0596c00000c0000028af0000058fc0000010000028af00000001000005b0c0000010000028af00000002"
    "000001ed40000010696e7465726e657400000597c0000058000028af00000404c0000010000028af0000"
    "00090000040a8000003c000028af0000041680000010000028af0000000f0000041780000010000028af"
    "000000010000041880000010000028af000000010000059bc000002c000028af00000204c00000100000"
    "28af3d09000000000203c0000010000028af3d09000000000104400000200000010a4000000c000028af"
    "000001024000000c01000023";
// s6a_gx_testattach.pcapng, frame 45: AIA of Open5GS
static const char aia_open5gs[] =
    "000001074000002c6d6d652e6c6f63616c646f6d61696e3b313539383131313534393b313b6170705f73"
    "366100000585c0000090000028af00000586c0000084000028af000005a7c000001c000028af2b6af03d"
    "f2dddd1292f73931cc138552000005a8c0000014000028af30b32a4f09a54ac4000005a9c000001c0000"
    "28afc10b4fcdde3180004a3e9d91fd62d73d000005aac000002c000028af9133f066debc194ee48d439b"
    "c7af87d1e9738110a0c07e5e1651caf5c1fafd7300000108400000176873732e6c6f63616c646f6d6169"
    "6e0000000128400000136c6f63616c646f6d61696e000000010c4000000c000007d1000001154000000c"
    "0000000100000104400000200000010a4000000c000028af000001024000000c01000023";
// s6a_nsa_connection.pcap, frame 30: ULA of the OpenAirInterface HSS. Its MIP-Home-Agent-Address
// has no address family.
static const char ula_oai[] =
    "00000107400000346d6d652e6f70656e616972696e746572666163652e6f72673b313630393835393032"
    "303b353b61707073366100000108400000206873732e6f70656e616972696e746572666163652e6f7267"
    "000001284000001c6f70656e616972696e746572666163652e6f7267000001154000000c000000010000"
    "057ec0000010000028af0000000100000578c0000324000028af00000592c0000010000028af00000029"
    "00000590c0000010000028af0000000000000589c0000010000028af00000002000005a6c000000e0000"
    "28af01230000000005a6c000000e000028af45670000000005a6c000000e000028af89ab0000000005a6"
    "c000000e000028afcdef0000000005a6c000000e000028af12340000000005a6c000000e000028af5678"
    "0000000005a6c000000e000028af9abc0000000005a6c000000e000028afdef00000000005a6c000000e"
    "000028af23450000000005a6c000000e000028af67890000000002bdc000000d000028af210000000000"
    "059bc000002c000028af00000204c0000010000028af02faf08000000203c0000010000028af05f5e100"
    "00000595c00001fc000028af0000058fc0000010000028af0000000000000594c0000010000028af0000"
    "000000000596c00000e8000028af0000058fc0000010000028af00000000000005b0c0000010000028af"
    "00000000000001ed400000106f61692e6970763400000597c0000058000028af00000404c00000100000"
    "28af000000090000040a8000003c000028af0000041680000010000028af0000000f0000041780000010"
    "000028af000000000000041880000010000028af000000000000059bc000002c000028af00000204c000"
    "0010000028af02faf08000000203c0000010000028af05f5e1000000059ec0000010000028af00000000"
    "000001e6400000180000014e4000000e9210b6b09e7f000000000596c00000e8000028af0000058fc000"
    "0010000028af00000000000005b0c0000010000028af00000000000001ed40000010696e7465726e6574"
    "00000597c0000058000028af00000404c0000010000028af000000090000040a8000003c000028af0000"
    "041680000010000028af0000000d0000041780000010000028af000000010000041880000010000028af"
    "000000000000059bc000002c000028af00000204c0000010000028af02faf08000000203c00000100000"
    "28af05f5e1000000059ec0000010000028af00000000000001e6400000180000014e4000000e9210b6b0"
    "9e7f00000000065380000010000028af000000000000010c4000000c000007d1";
// s6a_nsa_connection.pcap, frame 63: PUA of the OpenAirInterface HSS
static const char pua_oai[] =
    "00000107400000346d6d652e6f70656e616972696e746572666163652e6f72673b313630393835393032"
    "303b363b61707073366100000108400000206873732e6f70656e616972696e746572666163652e6f7267"
    "000001284000001c6f70656e616972696e746572666163652e6f7267000001154000000c000000010000"
    "05a2c0000010000028af000000010000010c4000000c000007d1";

typedef Magma__Feg__AuthenticationInformationAnswer AIA;
typedef Magma__Feg__UpdateLocationAnswer ULA;
typedef Magma__Feg__UpdateLocationAnswer__APNConfiguration APN;
typedef Fgw__S6a__SubscriptionExtras EXTRAS;

struct fixture {
    struct xlate_ctx ctx;
};

static int arena_new(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->ctx.arena = base_arena_new(0, 0);
    f->ctx.lenient = true;
    *state = f;
    return 0;
}

static int arena_free(void **state)
{
    struct fixture *f = *state;
    base_arena_free(f->ctx.arena);
    free(f);
    return 0;
}

static struct xlate_ctx *ctx_of(void **state)
{
    return &((struct fixture *)*state)->ctx;
}

static void is_bytes(ProtobufCBinaryData have, const char *want, size_t len)
{
    assert_int_equal(have.len, len);
    assert_memory_equal(have.data, want, len);
}
#define IS_BYTES(have, want) is_bytes((have), (want), sizeof(want) - 1)

// ---- captures ----
static void test_aia_of_open5gs(void **state)
{
    const AIA *aia = (AIA *)world_decode(s6a_table(S6A_AIA), aia_open5gs, ctx_of(state));
    assert_int_equal(aia->n_eutran_vectors, 1);
    assert_int_equal(aia->n_utran_vectors + aia->n_geran_vectors, 0);
    IS_BYTES(aia->eutran_vectors[0]->xres, "\x30\xb3\x2a\x4f\x09\xa5\x4a\xc4");
    assert_int_equal(aia->eutran_vectors[0]->rand.len, 16);
    assert_int_equal(aia->eutran_vectors[0]->autn.len, 16);
    assert_int_equal(aia->eutran_vectors[0]->kasme.len, 32);
}

static void test_ula_of_open5gs(void **state)
{
    struct xlate_ctx *ctx = ctx_of(state);
    const ULA *ula = (ULA *)world_decode(s6a_table(S6A_ULA), ula_open5gs, ctx);
    assert_int_equal(ctx->dropped + ctx->duplicates + ctx->unknown_mandatory, 0);
    assert_int_equal(ula->network_access_mode, 2);
    assert_int_equal(ula->total_ambr->max_bandwidth_ul, 1024000000);
    assert_int_equal(ula->total_ambr->max_bandwidth_dl, 1024000000);
    assert_int_equal(ula->default_context_id, 1);
    assert_int_equal(ula->n_apn, 1);
    assert_string_equal(ula->apn[0]->service_selection, "internet");
    assert_int_equal(ula->apn[0]->pdn, 2);
    assert_int_equal(ula->apn[0]->qos_profile->class_id, 9);
    assert_int_equal(ula->apn[0]->qos_profile->priority_level, 15);
    assert_int_equal(ula->extras->access_restriction_data, 32);
    assert_int_equal(ula->extras->subscribed_periodic_rau_tau_timer_s, 720);
    assert_int_equal(ula->ula_flags, 1);
}

// An address that cannot be read costs that address, not the subscriber's service.
static void test_ula_with_a_broken_address_is_usable(void **state)
{
    struct xlate_ctx *ctx = ctx_of(state);
    const ULA *ula = (ULA *)world_decode(s6a_table(S6A_ULA), ula_oai, ctx);
    assert_int_equal(ctx->dropped, 2);
    assert_true(ctx->dropped_avp == AVP_MIP_HOME_AGENT_ADDRESS);
    assert_int_equal(ula->n_apn, 2);
    assert_string_equal(ula->apn[0]->service_selection, "oai.ipv4");
    assert_string_equal(ula->apn[1]->service_selection, "internet");
    assert_int_equal(ula->apn[0]->pdn_gateway->n_address, 0);
    assert_int_equal(ula->n_regional_subscription_zone_code, 10);
    IS_BYTES(ula->msisdn, "\x21");
}

static void test_pua(void **state)
{
    const Magma__Feg__PurgeUEAnswer *pua =
        (void *)world_decode(s6a_table(S6A_PUA), pua_oai, ctx_of(state));
    assert_int_equal(pua->pua_flags, 1);
}

// ---- authentication vectors ----
static void test_vectors_of_every_kind(void **state)
{
    const AIA *aia = (AIA *)world_decode(s6a_table(S6A_AIA), aia_kinds, ctx_of(state));
    assert_int_equal(aia->n_eutran_vectors, 1);
    assert_int_equal(aia->n_utran_vectors, 1);
    assert_int_equal(aia->n_geran_vectors, 1);
    assert_int_equal(aia->utran_vectors[0]->confidentiality_key.data[0], 0x22);
    assert_int_equal(aia->utran_vectors[0]->integrity_key.data[0], 0x23);
    IS_BYTES(aia->geran_vectors[0]->sres, "\x31\x31\x31\x31");
    assert_int_equal(aia->geran_vectors[0]->kc.len, 8);
    assert_int_equal(aia->supported_features[0]->feature_list, 3);
    assert_int_equal(
        aia->ue_usage_type_present_case,
        MAGMA__FEG__AUTHENTICATION_INFORMATION_ANSWER__UE_USAGE_TYPE_PRESENT_UE_USAGE_TYPE);
    assert_int_equal(
        aia->error_diagnostic_present_case,
        MAGMA__FEG__AUTHENTICATION_INFORMATION_ANSWER__ERROR_DIAGNOSTIC_PRESENT_ERROR_DIAGNOSTIC);
}

static void test_vectors_are_in_the_order_of_their_item_number(void **state)
{
    const AIA *aia = (AIA *)world_decode(s6a_table(S6A_AIA), aia_reverse, ctx_of(state));
    assert_int_equal(aia->n_eutran_vectors, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(aia->eutran_vectors[i]->rand.data[0], i + 1);
}

static void test_wrong_vectors_are_dropped(void **state)
{
    struct xlate_ctx *ctx = ctx_of(state);
    const AIA *aia = (AIA *)world_decode(s6a_table(S6A_AIA), aia_bad, ctx);
    assert_int_equal(aia->n_eutran_vectors, 0);
    assert_int_equal(ctx->dropped, 6);
}

static void test_a_good_vector_between_wrong_ones_is_kept(void **state)
{
    const AIA *aia = (AIA *)world_decode(s6a_table(S6A_AIA), aia_one_good, ctx_of(state));
    assert_int_equal(aia->n_eutran_vectors, 1);
    assert_int_equal(aia->eutran_vectors[0]->rand.data[0], 9);
    assert_int_equal(aia->eutran_vectors[0]->xres.len, 4);
}

// ---- subscription data ----
static ULA *full_ula(void **state)
{
    char avps[2 * 8192];
    snprintf(avps, sizeof(avps), "%s%s", ula_head, subscription_data);
    struct xlate_ctx *ctx = ctx_of(state);
    ULA *ula = (ULA *)world_decode(s6a_table(S6A_ULA), avps, ctx);
    assert_int_equal(ctx->dropped + ctx->duplicates + ctx->unknown_mandatory, 0);
    return ula;
}

static void test_ula_command_level(void **state)
{
    const ULA *ula = full_ula(state);
    assert_true(ula->feature_list_id_1->regional_subscription);
    assert_true(ula->feature_list_id_2->nr_as_secondary_rat);
    assert_int_equal(ula->n_supported_features, 2);
    assert_int_equal(ula->supported_features[1]->feature_list_id, 2);
    assert_int_equal(ula->supported_features[1]->feature_list, (1u << 27) | 1);
    assert_int_equal(ula->n_reset_ids, 1);
    IS_BYTES(ula->reset_ids[0], "\x05");
}

static void test_subscription_data_fields(void **state)
{
    const ULA *ula = full_ula(state);
    IS_BYTES(ula->msisdn, "\x94\x41\x21\x43\x65\x87");
    assert_int_equal(ula->network_access_mode, 2);
    assert_int_equal(ula->n_regional_subscription_zone_code, 2);
    IS_BYTES(ula->regional_subscription_zone_code[1], "\x00\x02");
    assert_string_equal(ula->default_charging_characteristics, "0400");
    assert_int_equal(ula->default_context_id, 7);
}

static void test_subscription_data_extras(void **state)
{
    const EXTRAS *x = full_ula(state)->extras;
    assert_int_equal(x->subscriber_status, 1);
    IS_BYTES(x->a_msisdn, "\x21\x43");
    assert_string_equal(x->external_identifier[0], "meter@example.org");
    assert_string_equal(x->stn_sr, "49123456789");
    assert_true(x->ics_indicator);
    assert_int_equal(x->operator_determined_barring, 3);
    assert_int_equal(x->hplmn_odb, 5);
    assert_int_equal(x->access_restriction_data, 0x28);
    assert_string_equal(x->apn_oi_replacement, "mnc002.mcc001.gprs");
    assert_int_equal(x->rfsp_id, 6);
    assert_true(x->roaming_restricted_due_to_unsupported_feature);
    assert_int_equal(x->subscribed_periodic_rau_tau_timer_s, 3600);
    assert_int_equal(x->mps_priority, 2);
    assert_true(x->vplmn_lipa_allowed);
    assert_false(x->relay_node);
    assert_int_equal(x->relay_node_present_case,
                     FGW__S6A__SUBSCRIPTION_EXTRAS__RELAY_NODE_PRESENT_RELAY_NODE);
    assert_true(x->mdt_user_consent);
    assert_true(x->subscribed_vsrvcc);
    assert_int_equal(x->subscription_data_flags, 1);
    assert_int_equal(x->dl_buffering_suggested_packet_count, -1);
    assert_int_equal(x->usage_type_present_case,
                     FGW__S6A__SUBSCRIPTION_EXTRAS__USAGE_TYPE_PRESENT_UE_USAGE_TYPE);
    assert_int_equal(x->active_time_s, 20);
    assert_int_equal(x->service_gap_time_s, 30);
    assert_int_equal(x->aerial_ue_subscription_information, 1);
    assert_int_equal(x->core_network_restrictions, 2);
    assert_int_equal(x->all_apn_configurations_indicator, 1);
    assert_int_equal(x->additional_context_id, 8);
    assert_int_equal(x->third_context_id, 9);
}

static void test_subscription_data_groups(void **state)
{
    const EXTRAS *x = full_ula(state)->extras;
    assert_string_equal(x->lcs_info->gmlc_number[0], "49123456789");
    assert_int_equal(x->lcs_info->privacy_exceptions[0]->notification_to_ue_user, 3);
    IS_BYTES(x->lcs_info->mo_lr[0]->ss_code, "\xc1");
    assert_int_equal(x->n_teleservices, 2);
    IS_BYTES(x->call_barring[0]->ss_status, "\x07");
    assert_int_equal(x->trace_data->trace_depth, 2);
    assert_string_equal(x->trace_data->collection_entity, "192.0.2.2");
    assert_true(x->gprs_subscription->complete_list_included);
    assert_string_equal(x->gprs_subscription->pdp_contexts[0]->service_selection, "gprs");
    assert_int_equal(x->csg_subscriptions[0]->csg_id, 77);
    assert_int_equal(x->csg_subscriptions[0]->expiration_unix, 1700000000);
    assert_int_equal(x->adjacent_access_restrictions[0]->access_restriction_data, 4);
    IS_BYTES(x->imsi_groups[0]->local_id, "\x01");
    assert_string_equal(x->emergency_pdn_gateway->host, "pgw.example.org");
    assert_int_equal(x->edrx_cycle_lengths[0]->rat_type, 1005);
    IS_BYTES(x->paging_time_windows[0]->length, "\x03");
}

static void test_apn_configuration_fields(void **state)
{
    const ULA *ula = full_ula(state);
    assert_int_equal(ula->n_apn, 1);
    const APN *apn = ula->apn[0];
    assert_int_equal(apn->context_id, 7);
    assert_string_equal(apn->service_selection, "internet");
    assert_int_equal(apn->n_served_party_ip_address, 2);
    assert_string_equal(apn->served_party_ip_address[0], "10.0.0.1");
    assert_string_equal(apn->served_party_ip_address[1], "2001:db8::2");
    assert_string_equal(apn->charging_characteristics, "0800");
    assert_true(apn->vplmn_dynamic_address_allowed);
    assert_int_equal(apn->pdn_gateway->n_address, 2);
    assert_string_equal(apn->pdn_gateway->realm, "example.org");
    assert_int_equal(apn->pdn_gw_allocation_type, 1);
    assert_string_equal(apn->specific_apns[0]->service_selection, "special");
    assert_string_equal(apn->apn_oi_replacement, "mnc001.mcc001.gprs");
    assert_int_equal(apn->sipto_permission, 1);
    assert_int_equal(apn->restoration_priority, 3);
    assert_int_equal(apn->wlan_offloadability_eutran, 1);
    assert_true(apn->non_ip_pdn_type && apn->rds_indicator && apn->interworking_5gs);
    assert_true(apn->ethernet_pdn_type);
    assert_string_equal(apn->scef_id, "scef.example.org");
    assert_int_equal(apn->preferred_data_mode, 1);
    assert_int_equal(apn->pdn_connection_continuity, 2);
}

// ---- what unmodified access gateways make of bools and units ----
// They cast the ARP bools to an enum whose 0 is ENABLED, and read all_apns_included = true as
// "modified".
static void test_arp_has_the_meaning_of_the_hss_at_the_gateway(void **state)
{
    const ULA *ula = full_ula(state); // capability 0 ENABLED, vulnerability 1 DISABLED
    enum { ENABLED = 0, DISABLED = 1 };
    assert_int_equal((int)ula->apn[0]->qos_profile->preemption_capability, ENABLED);
    assert_int_equal((int)ula->apn[0]->qos_profile->preemption_vulnerability, DISABLED);
    assert_int_equal(ula->apn[0]->qos_profile->arp_preemption_capability, ENABLED);
    assert_int_equal(ula->apn[0]->qos_profile->arp_preemption_vulnerability, DISABLED);
}

static void test_all_apns_flag_has_the_meaning_of_the_hss_at_the_gateway(void **state)
{
    assert_true(full_ula(state)->all_apns_included); // indicator 1, MODIFIED_ADDED
    const ULA *all =
        (ULA *)world_decode(s6a_table(S6A_ULA), ula_open5gs, ctx_of(state)); // indicator 0, ALL
    assert_false(all->all_apns_included);
    assert_int_equal(
        all->extras->apn_indicator_present_case,
        FGW__S6A__SUBSCRIPTION_EXTRAS__APN_INDICATOR_PRESENT_ALL_APN_CONFIGURATIONS_INDICATOR);
    assert_int_equal(all->extras->all_apn_configurations_indicator, 0);
}

// Pre-emption AVPs that are absent have the defaults of TS 29.212 5.3.46 and 5.3.47.
static void test_absent_arp_flags_have_their_defaults(void **state)
{
    static const char apn[] = "00000578c00000ac000028af00000595c00000a0000028af"
                              "0000058fc0000010000028af00000001"
                              "00000594c0000010000028af00000000"
                              "00000596c0000074000028af"
                              "0000058fc0000010000028af00000001"
                              "000005b0c0000010000028af00000000"
                              "000001ed40000010696e7465726e6574"
                              "00000597c0000038000028af00000404c0000010000028af00000009"
                              "0000040ac000001c000028af00000416c0000010000028af00000008";
    const ULA *ula = (ULA *)world_decode(s6a_table(S6A_ULA), apn, ctx_of(state));
    assert_int_equal(ula->n_apn, 1);
    assert_int_equal(ula->apn[0]->qos_profile->priority_level, 8);
    assert_true(ula->apn[0]->qos_profile->preemption_capability);     // DISABLED
    assert_false(ula->apn[0]->qos_profile->preemption_vulnerability); // ENABLED
}

static void test_bit_rates_above_32_bits(void **state)
{
    const ULA *ula = full_ula(state);
    // the total: UL 4294967295 with 8 Gbit/s extended; DL 50 Mbit/s. Its unit is ignored by
    // gateways.
    assert_int_equal(ula->total_ambr->unit, 0);
    assert_int_equal(ula->total_ambr->max_bandwidth_ul, 4294967295u);
    assert_int_equal(ula->total_ambr->max_bandwidth_dl, 50000000);
    assert_int_equal(ula->total_ambr->extended_max_bandwidth_ul_kbps, 8000000);
    // the APN: DL 5 Gbit/s extended; UL 100000 bit/s. Its unit counts, for both.
    assert_int_equal(ula->apn[0]->ambr->unit, 1);
    assert_int_equal(ula->apn[0]->ambr->max_bandwidth_dl, 5000000);
    assert_int_equal(ula->apn[0]->ambr->max_bandwidth_ul, 100);
}

// Gateways keep ten APNs: the default one must not be the eleventh.
static struct msg *ula_with_apns(size_t n, uint32_t default_id)
{
    struct msg *msg = NULL, *copy = NULL;
    struct avp *data, *profile, *apn;
    uint8_t *bytes;
    size_t len;
    assert_int_equal(dia_request_new(DIA_APP_S6A, DIA_CMD_ULR, &msg), ERR_OK);
    assert_int_equal(dia_add_group(msg, AVP_SUBSCRIPTION_DATA, &data), ERR_OK);
    assert_int_equal(dia_add_group(data, AVP_APN_CONFIGURATION_PROFILE, &profile), ERR_OK);
    dia_add_u32(profile, AVP_CONTEXT_IDENTIFIER, default_id);
    dia_add_i32(profile, AVP_ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR, 0);
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "apn%zu", i + 1);
        assert_int_equal(dia_add_group(profile, AVP_APN_CONFIGURATION, &apn), ERR_OK);
        dia_add_u32(apn, AVP_CONTEXT_IDENTIFIER, (uint32_t)i + 1);
        dia_add_i32(apn, AVP_PDN_TYPE, 0);
        dia_add_text(apn, AVP_SERVICE_SELECTION, name);
    }
    assert_int_equal(dia_msg_bytes(msg, &bytes, &len), ERR_OK);
    bytes[4] &= 0x7f; // as an answer
    assert_int_equal(dia_msg_parse(bytes, len, &copy), ERR_OK);
    free(bytes);
    fd_msg_free(msg);
    return copy;
}

static void test_the_default_apn_comes_first(void **state)
{
    struct msg *msg = ula_with_apns(50, 12);
    ProtobufCMessage *out;
    assert_int_equal(xlate_decode(s6a_table(S6A_ULA), msg, ctx_of(state), &out), ERR_OK);
    const ULA *ula = (ULA *)out;
    assert_int_equal(ula->n_apn, 50); // all of them
    assert_string_equal(ula->apn[0]->service_selection, "apn12");
    assert_string_equal(ula->apn[1]->service_selection, "apn1");
    assert_string_equal(ula->apn[11]->service_selection, "apn11");
    assert_string_equal(ula->apn[12]->service_selection, "apn13");
    fd_msg_free(msg);
}

// ---- requests of the HSS ----
static void test_clr(void **state)
{
    const Magma__Feg__CancelLocationRequest *clr =
        (void *)world_decode(s6a_table(S6A_CLR), clr_bytes, ctx_of(state));
    assert_string_equal(clr->user_name, "001010000000001");
    assert_int_equal(clr->cancellation_type, 0);
    assert_int_equal(clr->clr_flags, 2);
    assert_int_equal(clr->n_supported_features, 1);
}

static void test_idr_with_full_subscription_data(void **state)
{
    char avps[2 * 8192];
    snprintf(avps, sizeof(avps), "%s%s", "000000014000001730303130313030303030303030303100",
             subscription_data);
    const Fgw__S6a__InsertSubscriberDataRequest *idr =
        (void *)world_decode(s6a_table(S6A_IDR), avps, ctx_of(state));
    assert_string_equal(idr->user_name, "001010000000001");
    assert_int_equal(idr->subscription_data->n_apn, 1);
    assert_int_equal(idr->subscription_data->access_mode_present_case,
                     FGW__S6A__SUBSCRIPTION_DATA__ACCESS_MODE_PRESENT_NETWORK_ACCESS_MODE);
    assert_int_equal(idr->subscription_data->extras->access_restriction_data, 0x28);
    assert_int_equal(idr->idr_flags_present_case, 0);
}

static void test_idr_that_only_asks_for_state(void **state)
{
    const Fgw__S6a__InsertSubscriberDataRequest *idr =
        (void *)world_decode(s6a_table(S6A_IDR), idr_state_bytes, ctx_of(state));
    assert_non_null(idr->subscription_data);
    assert_int_equal(idr->subscription_data->access_mode_present_case, 0);
    assert_null(idr->subscription_data->extras);
    assert_int_equal(idr->idr_flags, 0x0c);
    assert_int_equal(idr->n_reset_ids, 1);
}

static void test_dsr(void **state)
{
    const Fgw__S6a__DeleteSubscriberDataRequest *dsr =
        (void *)world_decode(s6a_table(S6A_DSR), dsr_bytes, ctx_of(state));
    assert_int_equal(dsr->dsr_flags, 8);
    assert_int_equal(dsr->n_context_ids, 2);
    assert_int_equal(dsr->context_ids[1], 3);
    assert_string_equal(dsr->scef_id, "scef.example.org");
    IS_BYTES(dsr->ts_codes[0], "\x21");
    IS_BYTES(dsr->ss_codes[0], "\x92");
    assert_int_equal(dsr->n_edrx_rat_types, 2);
    assert_int_equal(dsr->edrx_rat_types[1], 1005);
    assert_string_equal(dsr->external_identifiers[0], "meter@example.org");
}

static void test_rsr_keeps_the_user_list(void **state)
{
    const Magma__Feg__ResetRequest *rsr =
        (void *)world_decode(s6a_table(S6A_RSR), rsr_bytes, ctx_of(state));
    assert_int_equal(rsr->n_user_id, 2);
    assert_string_equal(rsr->user_id[0], "00101");
    assert_string_equal(rsr->user_id[1], "001010000000001");
    assert_int_equal(rsr->n_reset_ids, 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, arena_new, arena_free)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_aia_of_open5gs),
        T(test_ula_of_open5gs),
        T(test_ula_with_a_broken_address_is_usable),
        T(test_pua),
        T(test_vectors_of_every_kind),
        T(test_vectors_are_in_the_order_of_their_item_number),
        T(test_wrong_vectors_are_dropped),
        T(test_a_good_vector_between_wrong_ones_is_kept),
        T(test_ula_command_level),
        T(test_subscription_data_fields),
        T(test_subscription_data_extras),
        T(test_subscription_data_groups),
        T(test_apn_configuration_fields),
        T(test_arp_has_the_meaning_of_the_hss_at_the_gateway),
        T(test_all_apns_flag_has_the_meaning_of_the_hss_at_the_gateway),
        T(test_absent_arp_flags_have_their_defaults),
        T(test_bit_rates_above_32_bits),
        T(test_the_default_apn_comes_first),
        T(test_clr),
        T(test_idr_with_full_subscription_data),
        T(test_idr_that_only_asks_for_state),
        T(test_dsr),
        T(test_rsr_keeps_the_user_list),
    };
    return cmocka_run_group_tests(tests, s6a_dictionary, s6a_free);
}

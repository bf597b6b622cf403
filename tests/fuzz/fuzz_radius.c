// SPDX-License-Identifier: BSD-3-Clause
// RADIUS packets from arbitrary octets: everything that reads one keeps within it, checks refuse
// what nobody signed, and what is written from it can be read again.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "radius/dynauth.h"
#include "radius/radius.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rad_secret secret = {(const uint8_t *)"a secret that nobody has", 24};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static size_t read_all(const struct rad_packet *packet)
{
    struct rad_attr attr;
    size_t sum = 0;
    for (size_t at = 0; rad_next(packet, &at, &attr);) {
        must(attr.value >= packet->attrs &&
             attr.value + attr.len <= packet->attrs + packet->attrs_len);
        sum += attr.len + 2;
    }
    return sum;
}

static void write_again(const struct rad_packet *packet)
{
    struct rad_writer w;
    struct rad_attr attr;
    struct rad_packet back;
    const uint8_t msk[64] = {1}, salts[4] = {2};
    rad_begin(&w, RAD_ACCESS_ACCEPT, packet->id);
    for (size_t at = 0; rad_next(packet, &at, &attr);)
        rad_put(&w, (enum rad_type)attr.type, attr.value, attr.len);
    rad_put_proxy_states(&w, packet);
    rad_put_message_authenticator(&w);
    rad_put_mppe_keys(&w, msk, secret, packet->authenticator, salts);
    if (rad_end_response(&w, secret, packet->authenticator))
        return; // it has become too large
    must(rad_decode(w.buf, w.len, &back) == ERR_OK);
    must(read_all(&back) == back.attrs_len);
    bool signed_twice = rad_count(packet, RAD_MESSAGE_AUTHENTICATOR) > 0;
    must(rad_check_response(&back, secret, packet->authenticator) ==
         (signed_twice ? ERR_DENIED : ERR_OK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rad_dyn dyn; // large
    struct rad_packet packet;
    uint8_t eap[512], key[32];
    char text[64];
    uint32_t number;
    size_t len;
    if (rad_decode(data, size, &packet))
        return 0;
    must(packet.len <= size && read_all(&packet) == packet.attrs_len);
    must(rad_check_message(&packet, secret) != ERR_OK);
    must(rad_check_request(&packet, secret) == ERR_DENIED);
    must(rad_check_response(&packet, secret, packet.authenticator) == ERR_DENIED);
    must(rad_text(&packet, RAD_USER_NAME, text, sizeof(text)) ==
         (rad_count(&packet, RAD_USER_NAME) > 0));
    rad_u32(&packet, RAD_NAS_PORT, &number);
    if (rad_eap_message(&packet, eap, sizeof(eap), &len) == ERR_OK)
        must(len <= sizeof(eap));
    rad_mppe_open(packet.attrs, packet.attrs_len, secret, packet.authenticator, key);
    rad_begin(&dyn.packet, RAD_DISCONNECT_REQUEST, packet.id);
    must(rad_dyn_init(&dyn, secret, 1, 1, 0) == ERR_OK);
    must(rad_dyn_answer(&dyn, &packet) != ERR_OK);
    write_again(&packet);
    return 0;
}

# SPDX-License-Identifier: BSD-3-Clause
"""Access gateways with UEs that speak SGs through them: grpcio, none of the code under test."""
import importlib
import queue
import threading

from kit import stubs
from kit.agw import Agw, Tunnel
from kit.proc import eventually

import sms

pb = importlib.import_module("proto.csfb_pb2")
sgs_pb = importlib.import_module("proto.sgs_pb2")
UP, DOWN = "/magma.feg.CSFBFedGWService/", "/magma.feg.CSFBGatewayService/"
LAI = TAI = bytes.fromhex("00f1100001")  # 001/01, area 1, as TS 24.008 codes it
SERVICE_CALL, SERVICE_SMS = b"\x01", b"\x02"
UPLINK = {
    "AlertAc": pb.AlertAck, "AlertRej": pb.AlertReject, "EPSDetachInd": pb.EPSDetachIndication,
    "IMSIDetachInd": pb.IMSIDetachIndication, "LocationUpdateReq": pb.LocationUpdateRequest,
    "PagingRej": pb.PagingReject, "ServiceReq": pb.ServiceRequest,
    "TMSIReallocationComp": pb.TMSIReallocationComplete, "UEActivityInd": pb.UEActivityIndication,
    "UEUnreach": pb.UEUnreachable, "Uplink": pb.UplinkUnitdata, "MMEStatus": pb.Status,
}
DOWNLINK = {
    "AlertReq": pb.AlertRequest, "Downlink": pb.DownlinkUnitdata, "EPSDetachAc": pb.EPSDetachAck,
    "IMSIDetachAc": pb.IMSIDetachAck, "LocationUpdateAcc": pb.LocationUpdateAccept,
    "LocationUpdateRej": pb.LocationUpdateReject, "MMInformationReq": pb.MMInformationRequest,
    "PagingReq": pb.PagingRequest, "ReleaseReq": pb.ReleaseRequest,
    "ServiceAbort": pb.ServiceAbortRequest, "VLRResetAck": pb.ResetAck,
    "VLRResetIndication": pb.ResetIndication, "VLRStatus": pb.Status,
}


class SgsTunnel(Tunnel):
    IN = {DOWN + name: (kind, stubs.common.Void) for name, kind in DOWNLINK.items()}


class Gateway(Agw):
    """An access gateway whose UEs get what is for them, one message after the other."""

    def __init__(self, pki, name):
        super().__init__(pki, name, "127.0.0.1:8443", service="csfb")
        self.ues, self.inbox = {}, queue.Queue()
        self.worker = threading.Thread(target=self._work, daemon=True)
        self.worker.start()

    def open_tunnel(self, legacy=False):
        self.tunnel = SgsTunnel(self.channel, legacy)
        for name in DOWNLINK:
            self.tunnel.handlers[name] = self._handler(name)
        return self.tunnel

    def close_tunnel(self):
        self.tunnel.close()
        self.tunnel = None

    def send(self, name, **fields):
        return self.call(UP + name, UPLINK[name](**fields), stubs.common.Void)

    def _handler(self, name):
        def handle(message):
            self.inbox.put((name, message))  # answered at once, like the original
            return stubs.common.Void()
        return handle

    def _work(self):
        while True:
            item = self.inbox.get()
            if item is None:
                return
            name, message = item
            ue = self.ues.get(getattr(message, "imsi", ""))
            if ue:
                ue.take(name, message)

    def close(self):
        self.inbox.put(None)
        self.worker.join(5)
        super().close()


class Ue:
    """on_paging: "service"; "register" (the first time, if the VLR pages without a location area);
    an SGs cause (paging is rejected)."""

    def __init__(self, gateway, imsi, number):
        self.gateway, self.imsi, self.number = gateway, imsi, number
        self.seen, self.texts, self.results = [], [], []
        self.on_paging = "service"
        self.transaction = 0
        self.problem = None
        gateway.ues[imsi] = self

    # ---- up ----

    def send(self, name, **fields):
        return self.gateway.send(name, imsi=self.imsi, **fields)

    def register(self, timeout=10):
        """A combined attach; the LocationUpdateAccept."""
        at = len(self.seen)
        self.update()
        accept = self.wait("LocationUpdateAcc", timeout, at)
        self.wait("MMInformationReq", timeout, at)  # once the new TMSI is confirmed
        return accept

    def update(self):
        self.send("LocationUpdateReq", eps_location_update_type=b"\x01",
                  new_location_area_identifier=LAI, tai=TAI, imeisv=bytes(8), mme_name="whoever")

    def mobile_originated_call(self):
        self.gateway.call("/fgw.sgs.SgsFallback/MobileOriginated",
                          sgs_pb.MOCSFBIndication(imsi=self.imsi, tai=TAI), stubs.common.Void)

    def uplink(self, container):
        self.send("Uplink", nas_message_container=container, tai=TAI)

    def text_to(self, number, text):
        """Sends a short message; True if the network accepted it."""
        self.transaction = self.transaction % 6 + 1
        reference, at = self.transaction + 40, len(self.results)
        self.uplink(sms.cp_data(self.transaction,
                                sms.rp_data(reference, sms.submit(number, text, reference))))
        eventually(lambda: len(self.results) > at, 10, "an answer to the short message")
        return self.results[-1] == (sms.RP_ACK_DOWN, reference)

    # ---- down ----

    def take(self, name, message):
        self.seen.append((name, message))
        try:
            if name == "PagingReq":
                self.paged(message)
            elif name == "LocationUpdateAcc" and message.new_tmsi:
                self.send("TMSIReallocationComp")
            elif name == "Downlink":
                self.downlink(message)
        except Exception as problem:  # told where somebody waits
            self.problem = problem

    def paged(self, message):
        if self.on_paging == "register" and not message.location_area_identifier:
            self.update()
        elif self.on_paging in ("service", "register"):
            self.send("ServiceReq", service_indicator=message.service_indicator, tai=TAI,
                      ue_emm_mode=b"\x00")
        else:
            self.send("PagingRej", sgs_cause=bytes([self.on_paging]))

    def downlink(self, message):
        cp = sms.read_cp(message.nas_message_container)
        if cp.type != sms.CP_DATA:
            return
        ours = cp.transaction ^ 8  # the flag tells who began
        self.uplink(sms.cp_ack(ours))
        rp = sms.read_rp(cp.rp)
        if rp.type == sms.RP_DATA_DOWN:
            self.texts.append(sms.deliver(rp.tpdu))
            self.uplink(sms.cp_data(ours, sms.rp_ack(rp.reference)))
        else:
            self.results.append((rp.type, rp.reference))

    # ---- waiting ----

    def position(self):
        return len(self.seen)

    def find(self, name, since=0):
        if self.problem:
            raise self.problem
        return [message for seen, message in self.seen[since:] if seen == name]

    def wait(self, name, timeout=10, since=0):
        return eventually(lambda: self.find(name, since), timeout,
                          "%s for %s; it saw %s" % (name, self.imsi, [n for n, _ in self.seen]))[0]

    def wait_text(self, text, timeout=10):
        def look():
            if self.problem:
                raise self.problem
            return [t for t in self.texts if t.text == text]

        return eventually(look, timeout, "the text %r at %s" % (text, self.imsi))[0]

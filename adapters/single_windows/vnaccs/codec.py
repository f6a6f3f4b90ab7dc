"""Messages of Viet Nam's style: those of the NACCS family, in UTF-8.

Kept, from one public client of VNACCS (secondary): the same header to the byte as in Japan, text over HTTP POST, UTF-8
where Japan has EUC-JP, so that Vietnamese is carried whole. Its other ways (multipart/mixed with attachments in base64,
multipart/signed with PKCS#7) are not used: there is nothing to attach.

MODELLED: certificates go to VNSW and declarations to VNACCS; of VNSW's own messages nothing is known, so that the
family stands for both. Lengths are in bytes as in the family: a Vietnamese letter takes up to three.
"""

from adapters.port import Limits
from adapters.single_windows.naccs.codec import NaccsCodec

MEDIA_TYPE = "text/plain; charset=UTF-8"
ENCODING = "utf-8"


def vnaccs_codec(limits: Limits) -> NaccsCodec:
    return NaccsCodec(limits, ENCODING, MEDIA_TYPE)

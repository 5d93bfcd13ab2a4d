"""A certification authority of the tests' own, and certificates of hosts by it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_SINCE, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)

_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


class Authority:
    """Whom a client believes that is started with `bundle` as its list of authorities."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root, self._stranger = _issued("twins of the market"), _issued("a stranger")
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}
        self._making = Lock()
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(self._root[0].public_bytes(Encoding.PEM))

    def context(self, host: str, *, believed: bool = True) -> ssl.SSLContext:
        """Return what serves the host; not `believed`: certified by somebody no client knows."""
        with self._making:
            if (host, believed) not in self._contexts:
                self._contexts[host, believed] = self._made(host, self._root if believed else self._stranger)
            return self._contexts[host, believed]

    def _made(self, host: str, authority: _Pair) -> ssl.SSLContext:
        certificate, key = _issued(host, authority)
        place = self._folder / f"{host}.{len(self._contexts)}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        place.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(place)
        return context


def _issued(name: str, authority: _Pair | None = None) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, signing = authority or (None, key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    is_root = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_SINCE)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
        .add_extension(_usage(is_root), critical=True)
    )
    if not is_root:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signing, hashes.SHA256()), key


def _usage(is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_root, crl_sign=is_root, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip

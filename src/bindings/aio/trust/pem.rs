//! Certificates in files, read as OpenSSL reads them: with a byte order mark, and with what `openssl x509 -trustout`
//! puts behind a certificate. Knows nothing of Python.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// id-kp-serverAuth and anyExtendedKeyUsage (RFC 5280), without tag and length.
const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// The extension with the purposes of a key.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];

const SEQUENCE: u8 = 0x30;
const OID: u8 = 6;

/// The certificates in the text of a file that may be those of authorities for servers.
pub fn certificates(text: &[u8]) -> Vec<CertificateDer<'static>> {
    // In the one form that the library knows. A mark may stand where files were put together, too.
    let mut plain = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_end();
        plain.extend_from_slice(match line {
            b"-----BEGIN TRUSTED CERTIFICATE-----" | b"-----BEGIN X509 CERTIFICATE-----" => {
                b"-----BEGIN CERTIFICATE-----"
            }
            b"-----END TRUSTED CERTIFICATE-----" | b"-----END X509 CERTIFICATE-----" => {
                b"-----END CERTIFICATE-----"
            }
            line => line,
        });
        plain.push(b'\n');
    }
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&plain).flatten() {
        let Some((item, rest)) = Item::read(&certificate) else { continue };
        if trusts_servers(rest) {
            found.push(CertificateDer::from(item.whole.to_vec()));
        }
    }
    found
}

/// Whether the settings behind a certificate, if there are some, let it vouch for servers: purposes that it is
/// trusted for, then, as `[0]`, those that it is not.
fn trusts_servers(settings: &[u8]) -> bool {
    let Some((settings, _)) = Item::read(settings) else { return true };
    let covers = |purposes: &Item<'_>| {
        purposes.items().any(|purpose| purpose.tag == OID && matches!(purpose.content, SERVER | ANY))
    };
    settings.items().all(|item| match item.tag {
        SEQUENCE => covers(&item),
        0xa0 => !covers(&item),
        _ => true,
    })
}

/// Whether a certificate, known to be well-formed, is for servers as far as it names purposes.
pub fn is_for_servers(certificate: &[u8]) -> bool {
    let extensions = Item::read(certificate)
        .and_then(|(certificate, _)| certificate.items().next())
        .and_then(|to_be_signed| to_be_signed.items().find(|item| item.tag == 0xa3))
        .and_then(|extensions| extensions.items().next());
    let Some(extensions) = extensions else { return true };
    extensions.items().all(|extension| {
        let mut parts = extension.items();
        if parts.next().is_none_or(|name| name.content != EXTENDED_KEY_USAGE) {
            return true;
        }
        let purposes = parts.last().and_then(|value| Item::read(value.content));
        purposes.is_some_and(|(purposes, _)| {
            purposes.items().any(|purpose| matches!(purpose.content, SERVER | ANY))
        })
    })
}

/// Whether the subject of a certificate is its issuer.
pub fn is_self_issued(certificate: &[u8]) -> bool {
    let Some(to_be_signed) = Item::read(certificate).and_then(|(certificate, _)| certificate.items().next())
    else {
        return false;
    };
    // Version, where it is not the first; serial number; algorithm; issuer; validity; subject.
    let mut parts = to_be_signed.items().skip_while(|item| item.tag == 0xa0).skip(2);
    let (issuer, subject) = (parts.next(), parts.nth(1));
    issuer.zip(subject).is_some_and(|(issuer, subject)| issuer.whole == subject.whole)
}

/// An item in DER: a tag, a length, and so many bytes.
struct Item<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Item<'a> {
    /// The first item, and what follows it.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let [tag, first, rest @ ..] = bytes else { return None };
        let (len, head) = match *first {
            short @ ..=0x7f => (usize::from(short), 2),
            long @ 0x81..=0x84 => {
                let digits = usize::from(long & 0x7f);
                let len = rest.get(..digits)?.iter().fold(0, |len, &digit| len << 8 | usize::from(digit));
                (len, 2 + digits)
            }
            _ => return None,
        };
        let end = head.checked_add(len)?;
        let item = Item { tag: *tag, content: bytes.get(head..end)?, whole: &bytes[..end] };
        Some((item, &bytes[end..]))
    }

    /// The items that this one holds.
    fn items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        let mut left = self.content;
        std::iter::from_fn(move || {
            let (item, rest) = Item::read(left)?;
            left = rest;
            Some(item)
        })
    }
}

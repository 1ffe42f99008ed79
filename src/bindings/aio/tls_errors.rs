//! What may be wrong with the encryption of a connection, in sentences. Knows nothing of Python.

use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, Error};

use super::failure::{Failure, Kind};

/// What OpenSSL calls the kinds of wrong certificates.
pub mod openssl {
    pub const UNSPECIFIED: i32 = 1;
    pub const BAD_SIGNATURE: i32 = 7;
    pub const NOT_YET_VALID: i32 = 9;
    pub const HAS_EXPIRED: i32 = 10;
    pub const NO_ISSUER: i32 = 20;
    pub const REVOKED: i32 = 23;
    pub const INVALID_PURPOSE: i32 = 26;
    pub const INVALID_CA: i32 = 79;
    pub const HOST_NAME: i32 = 62;
}

/// What an error of the encryption means.
pub fn failure(error: &Error) -> Failure {
    let text = match error {
        Error::InvalidCertificate(error) => {
            let (code, text) = of_certificate(error);
            return Failure::new(Kind::Certificate(code), text);
        }
        Error::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(_) => {
            "this client and the server have no version of TLS, cipher or kind of key in common (expected TLS 1.2 or \
             1.3; RSA, Ed25519, or ECDSA with P-256 or P-384)"
                .to_owned()
        }
        Error::AlertReceived(alert) => format!("the server has ended the TLS handshake with the alert {alert:?}"),
        Error::InvalidMessage(_) => "the server does not speak TLS, or its data were damaged".to_owned(),
        Error::PeerMisbehaved(_) => "the server breaks the rules of TLS".to_owned(),
        other => format!("TLS: {other}"),
    };
    Failure::new(Kind::Tls, text)
}

/// What is wrong with a certificate: OpenSSL's number, and a sentence.
fn of_certificate(error: &CertificateError) -> (i32, String) {
    use CertificateError as Wrong;
    let (code, text) = match error {
        Wrong::BadEncoding => (openssl::UNSPECIFIED, "the certificate is not correctly encoded"),
        Wrong::Expired | Wrong::ExpiredContext { .. } => {
            (openssl::HAS_EXPIRED, "the certificate has expired")
        }
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
            (openssl::NOT_YET_VALID, "the certificate is not valid yet")
        }
        Wrong::Revoked => (openssl::REVOKED, "the certificate has been revoked"),
        Wrong::UnhandledCriticalExtension => {
            (openssl::UNSPECIFIED, "the certificate has a critical extension that is not known")
        }
        Wrong::UnknownIssuer => {
            (openssl::NO_ISSUER, "the certificate is not signed by an authority that is trusted here")
        }
        Wrong::BadSignature => (openssl::BAD_SIGNATURE, "the signature of the certificate is wrong"),
        Wrong::UnsupportedSignatureAlgorithmContext { .. }
        | Wrong::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            openssl::UNSPECIFIED,
            "the certificate has a key or a signature of a kind that is not supported, expected RSA, Ed25519, or \
             ECDSA with P-256 or P-384",
        ),
        Wrong::NotValidForName => {
            (openssl::HOST_NAME, "the certificate is not valid for name of this server")
        }
        Wrong::NotValidForNameContext { expected, presented } => {
            let names = match presented.is_empty() {
                true => "has none".to_owned(),
                false => format!("has {}", presented.join(", ")),
            };
            let text = format!("the certificate is not valid for name {}, it {names}", expected.to_str());
            return (openssl::HOST_NAME, text);
        }
        Wrong::InvalidPurpose | Wrong::InvalidPurposeContext { .. } => {
            (openssl::INVALID_PURPOSE, "the certificate is not for servers")
        }
        Wrong::Other(other) => {
            return match other.0.downcast_ref::<Rule>() {
                Some(rule) => (rule.code, rule.text.to_owned()),
                None => match other.0.downcast_ref::<webpki::Error>() {
                    Some(webpki::Error::CaUsedAsEndEntity) => (
                        openssl::INVALID_CA,
                        "the certificate is that of an authority (CA:TRUE), which is taken from a server only if it \
                         is itself one of those trusted"
                            .to_owned(),
                    ),
                    Some(webpki::Error::UnsupportedCertVersion) => {
                        (openssl::UNSPECIFIED, "the certificate is not of version 3 of X.509".to_owned())
                    }
                    _ => (openssl::UNSPECIFIED, format!("the certificate is not valid ({})", other.0)),
                },
            };
        }
        other => return (openssl::UNSPECIFIED, format!("the certificate is not valid ({other})")),
    };
    (code, text.to_owned())
}

/// What a rule of this client has against a certificate.
#[derive(Debug)]
pub struct Rule {
    /// OpenSSL's number.
    pub code: i32,
    /// A sentence.
    pub text: &'static str,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text)
    }
}

impl std::error::Error for Rule {}

impl From<Rule> for Error {
    fn from(rule: Rule) -> Self {
        Error::InvalidCertificate(CertificateError::Other(rustls::OtherError(Arc::new(rule))))
    }
}

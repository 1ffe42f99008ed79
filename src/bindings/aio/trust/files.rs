//! The check of certificates against those in files.

use std::env::var_os;
use std::ffi::OsString;
use std::fs::{Metadata, metadata, read, read_dir};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::pem::{certificates, is_for_servers, is_self_issued};
use crate::bindings::aio::failure::{Failure, Kind};
use crate::bindings::aio::tls_errors::{Rule, openssl};

/// Where certificates come from: a file and folders that the environment names, else the system's.
#[derive(Clone, Debug, PartialEq)]
pub struct Sources {
    file: Option<(OsString, Stamp)>,
    folders: Option<(OsString, Vec<Stamp>)>,
}

/// What changes when a file does: when it was written, and its length.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(path: &Path) -> Stamp {
    let written = |data: Metadata| Some((data.modified().ok()?, data.len()));
    metadata(path).ok().and_then(written)
}

impl Sources {
    /// Those that are named now. Reads the environment, so that Python must not write it meanwhile.
    pub fn current() -> Self {
        let named = |name| var_os(name).filter(|value| !value.is_empty());
        let file = named("SSL_CERT_FILE").map(|file| (file.clone(), stamp(Path::new(&file))));
        let folders = named("SSL_CERT_DIR").map(|folders| {
            let stamps = std::env::split_paths(&folders).map(|folder| stamp(&folder)).collect();
            (folders, stamps)
        });
        Sources { file, folders }
    }

    /// What checks the certificate of a server.
    pub fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
        let (trusted, place) = self.read();
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(trusted.iter().cloned());
        if added == 0 {
            let text =
                format!("no certificates of authorities are in {place}, so that no server can be trusted");
            return Err(Failure::new(Kind::Certificate(openssl::NO_ISSUER), text));
        }
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let chains = chains.map_err(|error| Failure::new(Kind::Tls, error.to_string()))?;
        Ok(Arc::new(Verifier { chains, trusted }))
    }

    /// The certificates, and where they were looked for.
    fn read(&self) -> (Vec<CertificateDer<'static>>, String) {
        let Sources { file, folders } = self;
        if file.is_none() && folders.is_none() {
            return (rustls_native_certs::load_native_certs().certs, "the places of this system".to_owned());
        }
        let (mut found, mut places) = (Vec::new(), Vec::new());
        if let Some((file, _)) = file {
            found.extend(read(file).map_or_else(|_| Vec::new(), |text| certificates(&text)));
            places.push(format!("SSL_CERT_FILE, {}", Path::new(file).display()));
        }
        if let Some((folders, _)) = folders {
            let entries = std::env::split_paths(folders).filter_map(|folder| read_dir(folder).ok()).flatten();
            for entry in entries.flatten().filter(|entry| is_hash(&entry.file_name())) {
                found.extend(read(entry.path()).map_or_else(|_| Vec::new(), |text| certificates(&text)));
            }
            places.push(format!("SSL_CERT_DIR, {}", Path::new(folders).display()));
        }
        (found, places.join(", or in "))
    }
}

/// Whether a file is named as `openssl rehash` names those with certificates: eight digits, a point, a number.
fn is_hash(name: &OsString) -> bool {
    let Some((hash, number)) = name.to_str().and_then(|name| name.split_once('.')) else { return false };
    hash.len() == 8
        && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
        && !number.is_empty()
        && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// Checks chains of certificates, and takes a server's own one if it is among those trusted.
#[derive(Debug)]
struct Verifier {
    chains: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let checked =
            self.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(Error::InvalidCertificate(wrong)) = &checked else { return checked };
        let is_authority = match wrong {
            CertificateError::Other(other) => {
                other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
            }
            _ => false,
        };
        let is_trusted = self.trusted.contains(end_entity);
        if is_authority && is_trusted {
            // What `openssl req -x509` makes is a certificate of an authority, and people give it to servers. OpenSSL
            // takes it where it is trusted itself. The dates have been checked before, the rest has not.
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return match is_for_servers(end_entity) {
                true => Ok(ServerCertVerified::assertion()),
                false => Err(Error::InvalidCertificate(CertificateError::InvalidPurpose)),
            };
        }
        // A wrong signature is that of another one of the same name.
        let is_unknown = matches!(wrong, CertificateError::UnknownIssuer | CertificateError::BadSignature);
        if (is_authority || is_unknown) && !is_trusted && is_self_issued(end_entity) {
            return Err(SELF_SIGNED.into());
        }
        checked
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

const SELF_SIGNED: Rule = Rule {
    // OpenSSL's; the systems that check certificates themselves do not tell this case apart.
    code: 18,
    text: "the certificate is signed by itself, and not one of those that are trusted here",
};

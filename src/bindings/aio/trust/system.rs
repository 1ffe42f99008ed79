//! The check of certificates by the system.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls_platform_verifier::Verifier;

use crate::bindings::aio::failure::Failure;
use crate::bindings::aio::tls_errors::failure;

/// Where certificates come from: the system.
#[derive(Clone, Debug, PartialEq)]
pub struct Sources;

impl Sources {
    /// Those that are named now.
    pub fn current() -> Self {
        Sources
    }

    /// What checks the certificate of a server.
    pub fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
        match Verifier::new(provider) {
            Ok(verifier) => Ok(Arc::new(verifier)),
            Err(error) => Err(failure(&error)),
        }
    }
}

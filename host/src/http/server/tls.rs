//! Encryption of connections (TLS 1.2 and 1.3), with a certificate and a key from files. It lies
//! upon the timed stream: a handshake has its place, and the time that a first head has.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::stream::TimedStream;

/// With what connections are encrypted.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

/// Why there is no encryption.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{} holds no certificate in PEM that can be read: {reason}", file.display())]
    Certificate { file: PathBuf, reason: String },
    #[error("{} holds no private key in PEM that can be read: {reason}", file.display())]
    Key { file: PathBuf, reason: String },
    #[error("the certificate and the key cannot be used together: {0}")]
    Pair(#[from] rustls::Error),
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its key.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let bad = |reason: String| TlsError::Certificate { file: certificate.into(), reason };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| bad(error.to_string()))?;
        if chain.is_empty() {
            return Err(bad("there is none in it".into()));
        }
        // The reason names no part of the key.
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| TlsError::Key { file: key.into(), reason: error.to_string() })?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, stream: TimedStream) -> io::Result<TlsStream<TimedStream>> {
        self.0.accept(stream).await
    }
}

/// A connection, encrypted or not.
pub(super) enum Stream {
    Plain(TimedStream),
    Tls(Box<TlsStream<TimedStream>>),
}

/// Passes a call on to whichever it is.
macro_rules! either {
    ($stream:expr, $call:ident $(, $argument:expr)*) => {
        match $stream.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).$call($($argument),*),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).$call($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, poll_read, context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, poll_write, context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, poll_write_vectored, context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, poll_flush, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, poll_shutdown, context)
    }
}

//! One HTTP exchange over a connection that the caller made: no pool, no redirects, no proxy.
//!
//! Who speaks HTTP decides for themselves whom to connect to; a client that connects by
//! itself would have to be kept from doing more than that.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::AbortOnDropHandle;

/// An answer whose body is still to come. The connection ends with it.
pub struct Answer {
    /// Status and headers.
    pub response: Response<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

/// Sends a request.
///
/// # Errors
/// What went wrong on the way.
pub async fn send_request<S>(stream: S, request: Request<Full<Bytes>>) -> hyper::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(async move {
        // Its failure is the request's, or the body's, who say it.
        let _ = connection.await;
    });
    let connection = AbortOnDropHandle::new(connection);
    let response = sender.send_request(request).await?;
    Ok(Answer { response, _connection: connection })
}

impl Answer {
    /// The next piece of the body; `None` at its end.
    pub async fn next_piece(&mut self) -> Option<hyper::Result<Bytes>> {
        loop {
            match self.response.body_mut().frame().await? {
                Ok(frame) => match frame.into_data() {
                    Ok(piece) => return Some(Ok(piece)),
                    Err(_trailers) => {}
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

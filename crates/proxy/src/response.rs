//! The target's response, as the client gets it.

use std::sync::atomic::Ordering::Relaxed;

use bytes::{Bytes, BytesMut};
use connect::{ReadHalf, WriteHalf};
use tokio::io::AsyncWriteExt;

use crate::decode::Decoder;
use crate::exchange::Bounds;
use crate::framing::{ConnectionOptions, Length, response_length};
use crate::head::{ResponseHead, Version};
use crate::malformed::Malformed;
use crate::read::{HeadLimits, NoHead, read_head};
use crate::refusal::Refusal;
use crate::request::{Forward, push_field};
use crate::transfer::{Broken, Progress, transfer};

/// Most interim responses before the final one; more is an attack or a fault.
const MAX_INTERIM: usize = 16;

/// Why there is no whole response.
#[derive(Debug)]
pub(crate) enum Interrupted {
    /// The target closed before the first byte of a response.
    Unanswered,
    /// Nothing final was sent to the client yet: it can be told why.
    Before(Refusal),
    /// The client has a part of the response, or is gone.
    Midway,
}

/// A response that the client has whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// Whether the client was told, or must see, that its connection ends.
    pub(crate) closes_client: bool,
    /// Whether the target takes another request on its connection.
    pub(crate) keeps_target: bool,
}

/// Reads the response from the target and passes it on.
pub(crate) async fn respond(
    forward: &Forward<'_>,
    target: &mut ReadHalf<'_>,
    buffer: &mut BytesMut,
    client: &mut WriteHalf<'_>,
    Bounds { head: limits, draining, by_parent, .. }: Bounds<'_>,
    progress: &Progress,
) -> Result<Answered, Interrupted> {
    let before = |malformed| {
        Interrupted::Before(match malformed {
            Malformed::Fields => Refusal::ResponseTooLarge,
            malformed => Refusal::BadResponse(malformed),
        })
    };
    let old_client = forward.version == Version::Http10;
    for _ in 0..=MAX_INTERIM {
        let bytes = response_head(target, buffer, limits).await?;
        progress.activity.touch();
        let head = ResponseHead::parse(&bytes, limits.fields).map_err(before)?;
        let connection = ConnectionOptions::of_response(&head.fields).map_err(before)?;
        let to_head = forward.method == b"HEAD";
        let length =
            response_length(&head.fields, head.version, head.status, to_head).map_err(before)?;
        match head.status {
            407 if by_parent => return Err(Interrupted::Before(Refusal::ParentRefused(407))),
            // Upgrade was never asked for, and proxy credentials are this proxy's own affair.
            101 | 407 => return Err(Interrupted::Before(Refusal::ForeignResponse)),
            100..200 => {
                if !old_client {
                    let mut out = start(&head, &connection, false);
                    out.extend_from_slice(b"\r\n");
                    client.write_all(&out).await.map_err(|_| Interrupted::Midway)?;
                }
                continue;
            }
            _ => {}
        }
        let sized = matches!(length, Length::Sized(_));
        let (chunked, by_close) = (!sized && !old_client, !sized && old_client);
        let closes_client = forward.closes() || by_close || draining;
        let bodiless = to_head || head.status == 304;
        let mut out = start(&head, &connection, bodiless);
        match length {
            // What stood there says how long the body would have been.
            _ if bodiless || head.status == 204 => {}
            Length::Sized(bytes) => {
                push_field(&mut out, b"Content-Length", bytes.to_string().as_bytes());
            }
            _ if chunked => push_field(&mut out, b"Transfer-Encoding", b"chunked"),
            _ => {}
        }
        push_field(&mut out, b"Via", b"1.1 pinhole");
        if closes_client {
            push_field(&mut out, b"Connection", b"close");
        }
        out.extend_from_slice(b"\r\n");
        progress.answering.store(true, Relaxed);
        client.write_all(&out).await.map_err(|_| Interrupted::Midway)?;
        let decoder = Decoder::new(length);
        let Progress { activity, down, .. } = progress;
        transfer(target, buffer, decoder, client, chunked, down, activity)
            .await
            .map_err(|_: Broken| Interrupted::Midway)?;
        let keeps_target = head.version == Version::Http11
            && !connection.close
            && length != Length::UntilClose
            && buffer.is_empty();
        return Ok(Answered { status: head.status, closes_client, keeps_target });
    }
    Err(before(Malformed::StatusLine))
}

async fn response_head(
    target: &mut ReadHalf<'_>,
    buffer: &mut BytesMut,
    limits: HeadLimits,
) -> Result<Bytes, Interrupted> {
    // A response's first line has no limit of its own.
    let limits = HeadLimits { target_bytes: limits.head_bytes, ..limits };
    read_head(target, buffer, limits).await.map_err(|none| match none {
        NoHead::Closed => Interrupted::Unanswered,
        NoHead::Cut if buffer.is_empty() => Interrupted::Unanswered,
        NoHead::Cut => Interrupted::Before(Refusal::ResponseIncomplete),
        NoHead::Malformed(malformed) => Interrupted::Before(Refusal::BadResponse(malformed)),
        NoHead::StartLine | NoHead::Head => Interrupted::Before(Refusal::ResponseTooLarge),
    })
}

/// The status line and every field that goes on; Content-Length only where it is not made anew.
fn start(
    head: &ResponseHead<'_>,
    connection: &ConnectionOptions<'_>,
    keep_length: bool,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(format!("HTTP/1.1 {} ", head.status).as_bytes());
    out.extend_from_slice(head.reason);
    out.extend_from_slice(b"\r\n");
    for field in &head.fields {
        let made_anew = field.is("content-length") && !keep_length;
        if !made_anew && !connection.ends_at_hop(field) {
            push_field(&mut out, field.name, field.value);
        }
    }
    out
}

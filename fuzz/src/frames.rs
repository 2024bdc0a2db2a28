//! A body that arrives as a script says.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::script::{End, Hint, PAUSE, Step};

/// What may come next of a body.
#[derive(Debug, Clone)]
enum Event {
    Data(Bytes),
    Trailers,
    Pending,
    Pause(Duration),
}

/// A body in pieces.
#[derive(Debug)]
pub struct Frames {
    events: VecDeque<Event>,
    pause: Option<Pin<Box<Sleep>>>,
    hint: SizeHint,
    end: End,
}

/// A body as a whole, and when the last of it is there.
#[derive(Debug, Clone)]
pub struct Sent {
    /// All that arrives, pieces that never do left out.
    pub bytes: Bytes,
    /// How it ends for somebody who waits so long.
    pub end: End,
    /// How long it takes to arrive.
    pub took: Duration,
    /// How many bytes are there after which time.
    by: Vec<(Duration, usize)>,
}

impl Sent {
    /// Returns when first so much is there that this is true of it.
    #[must_use]
    pub fn when(&self, is_there: impl Fn(&[u8]) -> bool) -> Option<Duration> {
        self.by.iter().find(|(_, length)| is_there(&self.bytes[..*length])).map(|(time, _)| *time)
    }
}

impl Frames {
    /// Makes the body that arrives in these steps, the rest of it at the end, and what somebody gets of it who waits for
    /// `patience`.
    #[must_use]
    pub fn new(body: &[u8], steps: &[Step], end: End, hint: Hint, patience: Duration) -> (Self, Sent) {
        let mut events = VecDeque::new();
        let mut rest = body;
        let mut sent = Sent { bytes: Bytes::new(), end, took: Duration::ZERO, by: Vec::new() };
        let mut arrived = Vec::new();
        let mut in_time = true;
        let all = Step::Take(usize::MAX);
        for step in steps.iter().chain([&all]) {
            let data = match *step {
                Step::Take(bytes) => {
                    let (taken, left) = rest.split_at(bytes.min(rest.len()));
                    rest = left;
                    // To take nothing is to leave it at that; an empty piece is another step.
                    if taken.is_empty() {
                        continue;
                    }
                    Bytes::copy_from_slice(taken)
                }
                Step::Pad(byte, bytes) => Bytes::from(vec![byte; bytes]),
                Step::Empty => Bytes::new(),
                Step::Pending(times) => {
                    events.extend((0..times).map(|_| Event::Pending));
                    continue;
                }
                Step::Pause(times) => {
                    let pause = PAUSE * u32::from(times);
                    if sent.took + pause < patience {
                        sent.took += pause;
                    } else {
                        in_time = false;
                    }
                    events.push_back(Event::Pause(pause));
                    continue;
                }
                Step::Trailers => {
                    events.push_back(Event::Trailers);
                    continue;
                }
            };
            if in_time {
                arrived.extend_from_slice(&data);
                sent.by.push((sent.took, arrived.len()));
            }
            events.push_back(Event::Data(data));
        }
        if !in_time {
            sent.end = End::Never;
        }
        let length = events.iter().map(|event| if let Event::Data(data) = event { data.len() as u64 } else { 0 }).sum();
        let hint = match hint {
            Hint::None => SizeHint::default(),
            Hint::True => SizeHint::with_exact(length),
            Hint::AtLeast(bytes) => {
                let mut hint = SizeHint::default();
                hint.set_lower(bytes);
                hint
            }
        };
        sent.bytes = arrived.into();
        (Self { events, pause: None, hint, end }, sent)
    }

    /// Makes the body that is there at once, for somebody to whom it looks the same as another.
    #[must_use]
    pub fn whole(sent: &Sent, like: SizeHint) -> Self {
        Self { events: VecDeque::from([Event::Data(sent.bytes.clone())]), pause: None, hint: like, end: sent.end }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match self.events.pop_front() {
                Some(Event::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Event::Trailers) => {
                    let trailers =
                        HeaderMap::from_iter([(http::header::CONTENT_LENGTH, "3".parse().expect("a value"))]);
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Some(Event::Pending) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Event::Pause(time)) => self.pause = Some(Box::pin(tokio::time::sleep(time))),
                None => break,
            }
        }
        match self.end {
            End::Whole => Poll::Ready(None),
            End::Broken => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            End::Never => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

//! Documents decoded in a process of their own, so that none can take the run with it.
//!
//! In: a document's bytes. Out: how many pages it has, and each page's pixels, as another process of the same program
//! decodes them ([`super::serve`]). That process may take so much memory and time; one that dies or is late is ended,
//! and the file is refused with the cause. Without a program that is told ([`by`]) documents are decoded in this
//! process: whoever builds on the library has no command beside it.

use super::{Limits, PhotoError};
use image::GrayImage;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// The command that decodes what it is sent.
pub const COMMAND: &str = "decode";
/// Memory that a decoder may take beside the program and the file's bytes: 200 megapixels of colour and their grey.
pub(super) const MEMORY: u64 = 1 << 30;
/// Bytes of a message's head, which holds numbers and a decoder's words.
const HEAD: u32 = 1 << 16;

static PROGRAM: OnceLock<(PathBuf, Vec<String>)> = OnceLock::new();

/// From now on this process has documents decoded by that program, whose command [`COMMAND`] follows these arguments.
pub fn by(program: PathBuf, arguments: Vec<String>) {
    // A second call changes nothing: it is the same program.
    let _ = PROGRAM.set((program, arguments));
}

/// Whether documents are decoded by another process.
pub(super) fn is_wanted() -> bool {
    PROGRAM.get().is_some()
}

/// What is asked of a decoder: first the document, whose bytes follow, then pages of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    Open(Limits),
    Page(u32),
}

/// What it answers; a page's pixels follow.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Opened { format: String, pages: u32 },
    Page { format: String, width: u32, height: u32 },
    Refused(PhotoError),
}

/// Writes a message: the lengths of head and body, then both.
pub(super) fn send(to: &mut impl Write, head: &impl Serialize, body: &[u8]) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    to.write_all(&(head.len() as u32).to_le_bytes())?;
    to.write_all(&(body.len() as u64).to_le_bytes())?;
    to.write_all(&head)?;
    to.write_all(body)?;
    to.flush()
}

/// Reads a message whose body has at most so many bytes; `None` where there is no more.
pub fn receive<T: DeserializeOwned>(from: &mut impl Read, most: u64) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut lengths = [0; 12];
    let first = from.read(&mut lengths)?;
    if first == 0 {
        return Ok(None);
    }
    from.read_exact(&mut lengths[first..])?;
    let ([h0, h1, h2, h3, body @ ..], wrong) = (lengths, |what| io::Error::new(ErrorKind::InvalidData, what));
    let (head, body) = (u32::from_le_bytes([h0, h1, h2, h3]), u64::from_le_bytes(body));
    if head > HEAD || body > most {
        return Err(wrong("a message is longer than it may be"));
    }
    let mut take = |length: u64| {
        let mut bytes = Vec::new();
        from.take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(wrong("a message is cut short")) }
    };
    let head = take(u64::from(head))?;
    Ok(Some((serde_json::from_slice(&head)?, take(body)?)))
}

/// A document that is decoded apart; its pages from several threads at once, each by a process of its own.
pub(super) struct Apart {
    bytes: Vec<u8>,
    limits: Limits,
    format: String,
    pages: u32,
    idle: Mutex<Vec<Decoder>>,
}

impl Apart {
    /// Opens a document of that format.
    pub(super) fn open(bytes: Vec<u8>, format: &str, limits: &Limits) -> Result<Self, PhotoError> {
        let (decoder, format, pages) = Decoder::start(&bytes, format, limits)?;
        Ok(Self { bytes, limits: *limits, format, pages, idle: Mutex::new(vec![decoder]) })
    }

    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    pub(super) fn format(&self) -> &str {
        &self.format
    }

    /// Decodes a page: its format and its pixels.
    pub(super) fn page(&self, page: u32, limits: &Limits) -> Result<(String, GrayImage), PhotoError> {
        let free = self.idle().pop();
        let mut decoder = match free.filter(|_| *limits == self.limits) {
            Some(decoder) => decoder,
            None => Decoder::start(&self.bytes, &self.format, limits)?.0,
        };
        let (answer, pixels) = decoder.ask(&Ask::Page(page), &[])?;
        let picture = match answer {
            Answer::Page { format, width, height } => {
                GrayImage::from_raw(width, height, pixels).map(|pixels| (format, pixels))
            }
            Answer::Refused(error) => {
                self.idle().push(decoder);
                return Err(error);
            }
            Answer::Opened { .. } => None,
        };
        let picture = picture.ok_or_else(|| decoder.died("it answered what it was not asked".to_owned()))?;
        self.idle().push(decoder);
        Ok(picture)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Decoder>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that holds a document and decodes its pages.
struct Decoder {
    child: Child,
    to: Option<ChildStdin>,
    answers: Receiver<io::Result<(Answer, Vec<u8>)>>,
    format: String,
    limits: Limits,
}

impl Decoder {
    fn start(bytes: &[u8], format: &str, limits: &Limits) -> Result<(Self, String, u32), PhotoError> {
        let died = |cause: String| PhotoError::Died { format: format.to_owned(), cause };
        let (program, arguments) = PROGRAM.get().ok_or_else(|| died("no program is told".to_owned()))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Ctrl-C is for the run, which finishes what is in hand.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|e| died(format!("it cannot be started: {e}")))?;
        let (from, errors) = (child.stdout.take(), child.stderr.take());
        // One answer is awaited at a time.
        let (sender, answers) = sync_channel(1);
        let most = limits.pixels;
        thread::spawn(move || {
            let Some(mut from) = from else { return };
            while let Some(answer) = receive(&mut from, most).transpose() {
                let last = answer.is_err();
                if sender.send(answer).is_err() || last {
                    break;
                }
            }
        });
        thread::spawn(move || {
            // The end of what it says is of use to whoever looks into it; the pipe must not fill up.
            let mut said = Vec::new();
            let Some(mut errors) = errors else { return };
            let _ = errors.by_ref().take(4096).read_to_end(&mut said);
            let _ = io::copy(&mut errors, &mut io::sink());
            if !said.is_empty() {
                tracing::warn!(said = %String::from_utf8_lossy(&said), "decoder");
            }
        });
        let to = child.stdin.take();
        let mut decoder = Self { child, to, answers, format: format.to_owned(), limits: *limits };
        match decoder.ask(&Ask::Open(*limits), bytes)?.0 {
            Answer::Opened { format, pages } => Ok((decoder, format, pages)),
            Answer::Refused(error) => Err(error),
            Answer::Page { .. } => Err(died("it answered what it was not asked".to_owned())),
        }
    }

    /// Asks, and waits for the answer as long as decoding may take.
    fn ask(&mut self, ask: &Ask, body: &[u8]) -> Result<(Answer, Vec<u8>), PhotoError> {
        let sent = self.to.as_mut().map_or(Err(ErrorKind::BrokenPipe.into()), |to| send(to, ask, body));
        if sent.is_err() {
            let ended = self.end();
            return Err(self.of(ended));
        }
        match self.answers.recv_timeout(Duration::from_secs(self.limits.decoding())) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.kind() == ErrorKind::InvalidData => Err(self.died(error.to_string())),
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                Err(PhotoError::TooSlow { seconds: self.limits.decoding() })
            }
            // It is gone, maybe within an answer.
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                let ended = self.end();
                Err(self.of(ended))
            }
        }
    }

    /// How it ended by itself; one that closed its pipes has done so or is about to.
    fn end(&mut self) -> io::Result<ExitStatus> {
        self.to = None;
        self.child.wait()
    }

    fn died(&self, cause: String) -> PhotoError {
        PhotoError::Died { format: self.format.clone(), cause }
    }

    fn of(&self, ended: io::Result<ExitStatus>) -> PhotoError {
        match ended {
            Ok(status) if out_of_time(status) => PhotoError::TooSlow { seconds: self.limits.decoding() },
            // Memory that the system does not give ends a program of Rust so.
            Ok(status) if aborted(status) => {
                self.died(format!("{status}; it may take {} MiB of memory", MEMORY >> 20))
            }
            Ok(status) => self.died(status.to_string()),
            Err(error) => self.died(error.to_string()),
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // It waits for the next page, or is late; nothing of it is needed any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn out_of_time(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(libc::SIGXCPU)
}

#[cfg(unix)]
fn aborted(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(libc::SIGABRT)
}

#[cfg(not(unix))]
fn out_of_time(_: ExitStatus) -> bool {
    false
}

#[cfg(not(unix))]
fn aborted(_: ExitStatus) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_as_it_was_sent_and_one_that_lies_about_its_length_is_refused() {
        let mut sent = Vec::new();
        send(&mut sent, &Ask::Page(7), b"abc").unwrap();
        let read = |bytes: &[u8], most| receive::<Ask>(&mut &bytes[..], most);
        assert!(matches!(read(&sent, 3).unwrap(), Some((Ask::Page(7), body)) if body == b"abc"));
        assert!(read(&[], 3).unwrap().is_none());
        assert!(read(&sent, 2).is_err() && read(&sent[..sent.len() - 1], 3).is_err());
        let mut long = sent.clone();
        long[4..12].fill(0xFF);
        assert_eq!(read(&long, u64::MAX).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

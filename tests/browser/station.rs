//! What the review's tests share: a made-up run, a station that is started and killed, a plain HTTP
//! client, and a browser that is driven by WebDriver.

use assert_cmd::cargo::CommandCargoExt;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A file name that is markup.
pub const EVIL: &str = "<img src=x onerror=document.title='owned'>.jpg";

pub fn cotejo() -> Command {
    Command::cargo_bin("cotejo").unwrap()
}

/// A copy of a run of made-up sheets: nine scans, each defaced so that a person has to look, one of
/// them under a name that is markup and with markup for a QR text.
pub fn run_folder() -> tempfile::TempDir {
    static RUN: OnceLock<tempfile::TempDir> = OnceLock::new();
    let original = RUN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let scans = dir.path().join("scans");
        let mut synth = cotejo();
        synth.args(["synth", "-n", "9", "--seed", "11", "--defect"]);
        synth.arg("digits_changed,words_changed,row_hidden,qr_changed,foreign_qr,total_changed");
        assert!(synth.arg("-o").arg(&scans).status().unwrap().success());
        std::fs::rename(scans.join("acta-0001.jpg"), scans.join(EVIL)).unwrap();
        let out = dir.path().join("out");
        let status = cotejo().arg("run").arg(&scans).arg("-o").arg(&out).stderr(Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(1), "sheets need review");
        let records = out.join("records.jsonl");
        let text = std::fs::read_to_string(&records).unwrap();
        let mut lines = Vec::new();
        for line in text.lines() {
            let mut record: Value = serde_json::from_str(line).unwrap();
            if record["sources"][0]["path"].as_str().unwrap().contains(EVIL) {
                record["sheet"]["qr"] = "</script><script>document.title='owned'</script>".into();
            }
            lines.push(record.to_string() + "\n");
        }
        std::fs::write(&records, lines.concat()).unwrap();
        // The run stands by it, as whoever changed it would see to.
        let path = out.join("run.json");
        let mut run: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        run["files"]["records.jsonl"] = cotejo::ground::hash::sha256(lines.concat().as_bytes()).into();
        std::fs::write(&path, run.to_string()).unwrap();
        dir
    });
    let copy = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new(original.path().join("out")) {
        let entry = entry.unwrap();
        let to = copy.path().join(entry.path().strip_prefix(original.path().join("out")).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
        } else {
            std::fs::copy(entry.path(), &to).unwrap();
        }
    }
    copy
}

pub fn records(dir: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("records.jsonl")).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// `cotejo review --export`, and what it says.
pub fn export(dir: &Path) -> Value {
    let status = cotejo().args(["review", "--export"]).arg(dir).stderr(Stdio::null()).status().unwrap();
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    serde_json::from_slice(&std::fs::read(dir.join("corrections.json")).unwrap()).unwrap()
}

/// A running station.
pub struct Station {
    child: Child,
    /// With the token and a slash at its end.
    pub address: String,
}

impl Station {
    pub fn start(dir: &Path, more: &[&str]) -> Self {
        let mut command = cotejo();
        command.args(["review", "--as", "ana"]).arg(dir).args(more);
        Self::of(command)
    }

    /// Of a command that serves a page.
    pub fn of(mut command: Command) -> Self {
        command.stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address =
            lines.by_ref().map(Result::unwrap).find_map(|l| l.strip_prefix("open ").map(str::to_owned));
        // What else it says is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("the station tells its address") }
    }

    /// As kill -9 does: nothing of the program runs after that.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn host(&self) -> &str {
        self.address.strip_prefix("http://").unwrap().split('/').next().unwrap()
    }

    pub fn path(&self, below: &str) -> String {
        format!("/{}/{below}", self.address.split('/').nth(3).unwrap())
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection that is kept alive.
pub struct Http {
    stream: BufReader<TcpStream>,
}

impl Http {
    pub fn connect(host: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request with these headers; status and body of the answer.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<(u16, String)> {
        let mut head = format!("{method} {path} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let stream = self.stream.get_mut();
        stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let text = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = text.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(value) = text.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            } else if text.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, String::from_utf8(body).unwrap()))
    }
}

/// Chromium, driven through its own driver (W3C WebDriver).
pub struct Browser {
    driver: Child,
    host: String,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub fn open(width: u32, height: u32) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts; scripts/setup --tests installs chromium and chromium-driver");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map(Result::unwrap).find_map(|l| {
            l.split_once("successfully on port ").map(|(_, p)| p.trim_end_matches('.').to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        let host = format!("127.0.0.1:{}", port.expect("chromedriver tells its port"));
        let profile = tempfile::tempdir().unwrap();
        let mut args: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        .map(str::to_owned)
        .to_vec();
        args.push(format!("--window-size={width},{height}"));
        args.push(format!("--user-data-dir={}", profile.path().display()));
        let mut options = json!({ "args": args, "prefs": { "intl.accept_languages": "es" } });
        if width < 500 {
            // A window is never that narrow; a phone is.
            options["mobileEmulation"] =
                json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0 } });
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options } } });
        let mut browser = Self { driver, host, session: String::new(), _profile: profile };
        let made = browser.send("POST", "", &wanted);
        browser.session = made["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let session = if self.session.is_empty() { String::new() } else { format!("/{}", self.session) };
        let headers = [("host", self.host.as_str()), ("content-type", "application/json")];
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut http = Http::connect(&self.host).unwrap();
        let (status, text) = http.ask(method, &format!("/session{session}{path}"), &headers, &body).unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(status, 200, "{method} {path}: {}", answer["value"]["message"]);
        answer["value"].clone()
    }

    pub fn go(&self, address: &str) {
        self.send("POST", "/url", &json!({ "url": address }));
    }

    /// Runs a script in the page; what it returns.
    pub fn run(&self, script: &str) -> Value {
        self.send("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Presses and lets go of one key.
    pub fn key(&self, key: &str) {
        let value = match key {
            "Enter" => "\u{e007}",
            "Tab" => "\u{e004}",
            other => other,
        };
        let strokes = json!([{ "type": "keyDown", "value": value }, { "type": "keyUp", "value": value }]);
        self.send(
            "POST",
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "k", "actions": strokes }] }),
        );
    }

    /// Waits until a script returns true.
    pub fn wait(&self, what: &str, script: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.run(script) != Value::Bool(true) {
            assert!(
                Instant::now() < end,
                "waited for: {what}; page {}",
                self.run("return location.pathname")
            );
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// The page as PNG, to `COTEJO_SHOTS/name.png` where that folder is given.
    pub fn shot(&self, name: &str) {
        let Some(dir) = std::env::var_os("COTEJO_SHOTS").map(PathBuf::from) else { return };
        let picture = self.send("GET", "/screenshot", &Value::Null);
        let bytes =
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, picture.as_str().unwrap());
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(format!("{name}.png")), bytes.unwrap()).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.send("DELETE", "", &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

//! The routes, and who may use them.

use super::{
    answer::{self, HTML, HttpResponse, JSON, Refused},
    events::{self, Heard},
    guesses,
    origin_check::Hosts,
    page,
    page::JoinInfo,
    participants::{NoSeat, StudentSeat},
    quiz::NotAsked,
    race_request,
    room::NotNow,
    session::{NotCounted, NotLetIn, Session},
    sharing,
    wire::{Hide, Join, QuizAnswer, QuizOrder, RaceRequest},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Incoming,
    header::{CONTENT_DISPOSITION, COOKIE, HeaderName, HeaderValue},
};
use serde::de::DeserializeOwned;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

/// The largest body of a request, bytes.
const LARGEST_BODY: usize = 16 * 1024;
/// How long reading a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of a join code from a URL a page repeats.
const LONGEST_CODE: usize = 16;
const SEAT: &str = "makespan-seat";

/// The routes of one listener.
#[derive(Debug)]
pub(super) struct SiteRoutes {
    session: Rc<Session>,
    hosts: Hosts,
    /// Whether this is the one that phones reach.
    elsewhere: bool,
    /// The address that phones reach, if the room is shared.
    share: Option<SocketAddr>,
    /// Event streams that may still be opened.
    streams: Arc<Semaphore>,
}

/// Most event streams at the same time, on each listener.
const STREAMS: usize = 500;

/// The resource at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Race,
    Lesson,
    JoinPage,
    Picture,
    Style,
    Script,
    Events,
    Room,
    Export,
    Ask,
    Run,
    Stop,
    Clear,
    Code,
    Hide,
    Join,
    Guess,
    Quiz,
    Sheet,
    Answer,
}

/// Who may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Here,
    Elsewhere,
    Both,
}

const ROUTES: &[(&str, Method, From, Route)] = &[
    ("/", Method::GET, From::Here, Route::Race),
    ("/lesson/", Method::GET, From::Here, Route::Lesson),
    ("/join", Method::GET, From::Both, Route::JoinPage),
    ("/join.svg", Method::GET, From::Here, Route::Picture),
    ("/assets/classroom.css", Method::GET, From::Both, Route::Style),
    ("/assets/classroom.js", Method::GET, From::Both, Route::Script),
    ("/events", Method::GET, From::Both, Route::Events),
    ("/room", Method::GET, From::Here, Route::Room),
    ("/export", Method::GET, From::Here, Route::Export),
    ("/ask", Method::POST, From::Here, Route::Ask),
    ("/run", Method::POST, From::Here, Route::Run),
    ("/stop", Method::POST, From::Here, Route::Stop),
    ("/clear", Method::POST, From::Here, Route::Clear),
    ("/code", Method::POST, From::Here, Route::Code),
    ("/hide", Method::POST, From::Here, Route::Hide),
    ("/join", Method::POST, From::Elsewhere, Route::Join),
    ("/guess", Method::POST, From::Both, Route::Guess),
    ("/quiz", Method::POST, From::Here, Route::Quiz),
    ("/quiz", Method::GET, From::Both, Route::Sheet),
    ("/answer", Method::POST, From::Both, Route::Answer),
];

impl SiteRoutes {
    /// The lecturer's routes.
    pub(super) fn here(session: &Rc<Session>, addr: SocketAddr, share: Option<SocketAddr>) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS));
        Self { session: Rc::clone(session), hosts: Hosts::of(addr), elsewhere: false, share, streams }
    }

    /// The students' routes.
    pub(super) fn elsewhere(session: &Rc<Session>, addr: SocketAddr) -> Self {
        Self { elsewhere: true, ..Self::here(session, addr, None) }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>, from: IpAddr) -> HttpResponse {
        self.done(request, from).await.unwrap_or_else(HttpResponse::from)
    }

    async fn done(&self, request: Request<Incoming>, from: IpAddr) -> Result<HttpResponse, Refused> {
        let (head, body) = request.into_parts();
        self.hosts.admit(&head.method, &head.uri, &head.headers)?;
        if self.elsewhere && head.uri.path() == "/" {
            // People who type the URL leave out the path.
            return Ok(answer::see("/join"));
        }
        let (headers, query) = (&head.headers, head.uri.query().unwrap_or_default());
        match self.route(&head.method, head.uri.path())? {
            Route::Race => Ok(html(page::race(self.shared().as_ref()))),
            Route::Lesson => self.lesson(head.uri.path()),
            Route::JoinPage => self.join_page(query, headers),
            Route::Picture => self.picture(),
            Route::Style => Ok(answer::whole("text/css; charset=utf-8", page::STYLE.as_str())),
            Route::Script => Ok(answer::whole("text/javascript; charset=utf-8", page::SCRIPT)),
            Route::Events => self.events(headers),
            Route::Room => Ok(self.room()),
            Route::Export => self.export(),
            Route::Ask => self.ask(&read(body).await?),
            Route::Run => self.run(&read(body).await?),
            Route::Stop => self.stop(),
            Route::Clear => {
                self.session.clear_room();
                Ok(self.room())
            }
            Route::Code => self.renew_code(),
            Route::Hide => self.hide(&read(body).await?),
            Route::Join => {
                let body = read(body).await?;
                sleep(self.session.join_delay(from)).await;
                self.join(&body, headers, from)
            }
            Route::Guess => self.guess(&read(body).await?, headers, from),
            Route::Quiz => self.quiz(&read(body).await?),
            Route::Sheet => self.sheet(headers),
            Route::Answer => self.answer_quiz(&read(body).await?, headers, from),
        }
    }

    /// Where students join now.
    fn shared(&self) -> Option<JoinInfo> {
        self.share.and_then(|addr| self.session.join_info(addr))
    }

    fn route(&self, method: &Method, path: &str) -> Result<Route, Refused> {
        let path = if path.starts_with("/lesson/") { "/lesson/" } else { path };
        let not_for = if self.elsewhere { From::Here } else { From::Elsewhere };
        let here = || ROUTES.iter().filter(|(known, _, from, _)| *known == path && *from != not_for);
        if let Some((.., route)) = here().find(|(_, known, ..)| known == method) {
            return Ok(*route);
        }
        let methods: Vec<&str> = here().map(|(_, known, ..)| known.as_str()).collect();
        let allow = match methods[..] {
            [] => return Err(Refused::new(StatusCode::NOT_FOUND, "there is nothing at this path")),
            ["GET"] => "GET",
            ["POST"] => "POST",
            _ => "GET, POST",
        };
        let refused = Refused::new(StatusCode::METHOD_NOT_ALLOWED, format!("expected {allow} at this path"));
        Err(Refused { allow: Some(allow), ..refused })
    }

    fn lesson(&self, path: &str) -> Result<HttpResponse, Refused> {
        let number = path.strip_prefix("/lesson/").and_then(|number| number.parse().ok());
        // Lessons are built in, and a test loads them all.
        let lessons = lesson::all().unwrap_or_default();
        let lesson = lessons.iter().find(|lesson| Some(lesson.number) == number);
        let none = || {
            let count = lessons.len();
            Refused::new(
                StatusCode::NOT_FOUND,
                format!("there is no such lesson: they are /lesson/1 to /lesson/{count}"),
            )
        };
        Ok(html(page::lesson(lesson.ok_or_else(none)?, self.session.place(), self.shared().as_ref())))
    }

    fn join_page(&self, query: &str, headers: &HeaderMap) -> Result<HttpResponse, Refused> {
        let code = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "code");
        let code: String = code.map(|(_, code)| code.chars().take(LONGEST_CODE).collect()).unwrap_or_default();
        let seat = seat(headers);
        if self.elsewhere {
            return Ok(html(page::join(&code, seat.is_some_and(|seat| self.session.holds(seat)))));
        }
        let page = html(page::join(&code, true));
        Ok(if seat.is_some() { page } else { seated(page, StudentSeat::random().map_err(|error| no_seat(&error))?) })
    }

    fn picture(&self) -> Result<HttpResponse, Refused> {
        let picture = self.shared().and_then(|shared| sharing::picture(&shared.url));
        let none = || Refused::new(StatusCode::NOT_FOUND, "the room isn't shared: start it with --share");
        Ok(answer::whole("image/svg+xml", picture.ok_or_else(none)?))
    }

    fn events(&self, headers: &HeaderMap) -> Result<HttpResponse, Refused> {
        if self.elsewhere {
            self.known(headers)?;
        }
        let stream = self.session.open_stream(seat(headers)).map_err(|error| no_seat(&error))?;
        let full = |_| Refused::new(StatusCode::SERVICE_UNAVAILABLE, "too many viewers already");
        let place = Arc::clone(&self.streams).try_acquire_owned().map_err(full)?;
        let heard = headers.get(HeaderName::from_static("last-event-id"));
        let heard = heard.and_then(|id| Heard::parse(id.to_str().ok()?));
        Ok(answer::events(events::stream(stream, heard, place)))
    }

    fn room(&self) -> HttpResponse {
        answer::whole(JSON, self.session.room())
    }

    fn export(&self) -> Result<HttpResponse, Refused> {
        let failed = |error: serde_json::Error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
        let mut answer = answer::whole(JSON, self.session.export().map_err(failed)?);
        let name = HeaderValue::from_static("attachment; filename=\"classroom.json\"");
        answer.headers_mut().insert(CONTENT_DISPOSITION, name);
        Ok(answer)
    }

    fn ask(&self, body: &[u8]) -> Result<HttpResponse, Refused> {
        let mut race = checked(body)?;
        if race.asks_about_python() {
            let python = self.session.place().python.as_ref().map_err(|none| {
                let why = format!("the class can't be asked: this cell needs a Python. {none}");
                Refused::new(StatusCode::CONFLICT, why)
            })?;
            race.add_fact(&format!("The Python of this machine: {python}."));
        }
        self.session.change(|room| room.ask(race)).map_err(not_now)?;
        Ok(self.room())
    }

    fn run(&self, body: &[u8]) -> Result<HttpResponse, Refused> {
        if body.is_empty() {
            self.session.change(super::room::Room::run_asked).map_err(not_now)?;
        } else {
            let race = checked(body)?;
            self.session.change(|room| room.run(race)).map_err(not_now)?;
        }
        Ok(self.room())
    }

    fn stop(&self) -> Result<HttpResponse, Refused> {
        self.session.stop().map_err(not_now)?;
        Ok(self.room())
    }

    fn renew_code(&self) -> Result<HttpResponse, Refused> {
        let failed =
            |error: io::Error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no new code: {error}"));
        self.session.renew_code().map_err(failed)?;
        Ok(self.room())
    }

    fn hide(&self, body: &[u8]) -> Result<HttpResponse, Refused> {
        let Hide { name } = parsed(body)?;
        self.session
            .change(|room| {
                room.hide(&name);
                Ok(())
            })
            .map_err(not_now)?;
        Ok(self.room())
    }

    fn join(&self, body: &[u8], headers: &HeaderMap, from: IpAddr) -> Result<HttpResponse, Refused> {
        let Join { code } = parsed(body)?;
        let seat = self.session.join(&code, seat(headers), from).map_err(|error| match error {
            NotLetIn::WrongCode => Refused::new(StatusCode::FORBIDDEN, error.to_string()),
            NotLetIn::NoSeat(error) => no_seat(&error),
        })?;
        Ok(seated(self.room(), seat))
    }

    fn guess(&self, body: &[u8], headers: &HeaderMap, from: IpAddr) -> Result<HttpResponse, Refused> {
        let seat = self.seat_of(headers)?;
        let guess = guesses::check(&parsed(body)?)
            .map_err(|no_time| Refused::new(StatusCode::BAD_REQUEST, no_time.to_string()))?;
        self.session.guess(seat, guess, from).map_err(not_counted)?;
        Ok(seated(self.room(), seat))
    }

    fn quiz(&self, body: &[u8]) -> Result<HttpResponse, Refused> {
        self.session.set_quiz(&parsed::<QuizOrder>(body)?).map_err(|error| not_asked(&error))?;
        Ok(self.room())
    }

    fn sheet(&self, headers: &HeaderMap) -> Result<HttpResponse, Refused> {
        let seat = if self.elsewhere { Some(self.known(headers)?) } else { seat(headers) };
        let failed = |error: serde_json::Error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
        Ok(answer::whole(JSON, serde_json::to_vec(&self.session.quiz_sheet(seat)).map_err(failed)?))
    }

    fn answer_quiz(&self, body: &[u8], headers: &HeaderMap, from: IpAddr) -> Result<HttpResponse, Refused> {
        let seat = self.seat_of(headers)?;
        self.session.answer(seat, &parsed::<QuizAnswer>(body)?, from).map_err(not_counted)?;
        Ok(seated(self.room(), seat))
    }

    /// The seat of a request: on this machine, a browser without one gets one.
    fn seat_of(&self, headers: &HeaderMap) -> Result<StudentSeat, Refused> {
        match seat(headers) {
            _ if self.elsewhere => self.known(headers),
            Some(seat) => Ok(seat),
            None => StudentSeat::random().map_err(|error| no_seat(&error)),
        }
    }

    /// The seat of a student who joined with the code.
    fn known(&self, headers: &HeaderMap) -> Result<StudentSeat, Refused> {
        let seat = seat(headers).filter(|&seat| self.session.holds(seat));
        seat.ok_or_else(|| Refused::new(StatusCode::FORBIDDEN, "join first, with the code on the lecturer's screen"))
    }
}

fn html(page: maud::Markup) -> HttpResponse {
    answer::whole(HTML, page.into_string())
}

fn seated(answer: HttpResponse, seat: StudentSeat) -> HttpResponse {
    answer::with_cookie(answer, &format!("{SEAT}={seat}"))
}

/// The seat in the browser's cookie.
fn seat(headers: &HeaderMap) -> Option<StudentSeat> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == SEAT).and_then(|(_, seat)| seat.parse().ok())
}

/// Reads the whole body of a request, within a limit of size and time.
async fn read(body: Incoming) -> Result<Bytes, Refused> {
    let read = timeout(BODY_TIMEOUT, Limited::new(body, LARGEST_BODY).collect()).await;
    match read {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, format!("expected at most {LARGEST_BODY} bytes")))
        }
        Ok(Err(error)) => Err(Refused::new(StatusCode::BAD_REQUEST, error.to_string())),
        Err(_) => Err(Refused::new(StatusCode::REQUEST_TIMEOUT, "the rest of the request did not arrive in time")),
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}

fn checked(body: &[u8]) -> Result<race_request::Checked, Refused> {
    race_request::check(parsed::<RaceRequest>(body)?)
        .map_err(|unwanted| Refused::new(StatusCode::BAD_REQUEST, unwanted.to_string()))
}

fn not_now(error: NotNow) -> Refused {
    let status = match error {
        NotNow::NoCell | NotNow::NoTimeToGuess => StatusCode::BAD_REQUEST,
        _ => StatusCode::CONFLICT,
    };
    Refused::new(status, error.to_string())
}

fn not_asked(error: &NotAsked) -> Refused {
    let status = match error {
        NotAsked::NoOption(..) => StatusCode::BAD_REQUEST,
        NotAsked::Closed | NotAsked::Told => StatusCode::CONFLICT,
    };
    Refused::new(status, error.to_string())
}

fn not_counted(error: NotCounted) -> Refused {
    match error {
        NotCounted::NoSeat(error) => no_seat(&error),
        NotCounted::NotNow(error) => not_now(error),
        NotCounted::NotAsked(error) => not_asked(&error),
    }
}

fn no_seat(error: &NoSeat) -> Refused {
    let status = match error {
        NoSeat::Full | NoSeat::FullFromThere => StatusCode::SERVICE_UNAVAILABLE,
        NoSeat::TooFast | NoSeat::TooManyPages => StatusCode::TOO_MANY_REQUESTS,
        NoSeat::NoRandomness(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Refused::new(status, error.to_string())
}

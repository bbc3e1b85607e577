import type { SessionEventKind } from "../session-log.ts";
import type { Language } from "../wire.ts";

/** The texts of the dialog that shows this browser's sessions. */
interface SessionsDialogWords {
  readonly button: (count: number) => string;
  readonly title: string;
  readonly intro: string;
  readonly sessions: string;
  readonly browser: string;
  readonly noSessions: string;
  readonly anonymous: string;
  readonly loggedInAs: (name: string) => string;
  readonly ownOrder: string;
  readonly joinedOrder: string;
  readonly eventsTitle: string;
  readonly noEvents: string;
  readonly api: string;
  readonly events: Readonly<Record<SessionEventKind, string>>;
}

export const SESSIONS_DIALOG_WORDS: Readonly<Record<Language, SessionsDialogWords>> = {
  en: {
    button: (count) =>
      count === 1 ? "Behind the counter: 1 session" : `Behind the counter: ${count} sessions`,
    title: "Behind the counter",
    intro:
      "This shop is a demonstration of Coatcheck, a session platform. You are one visitor, but each order is a session of its own, with its own basket and its own cookies at the kitchen.",
    sessions: "Sessions at work",
    browser: "This browser",
    noSessions: "none yet: you have only looked",
    anonymous: "anonymous; its cookie is the only one that your browser has",
    loggedInAs: (name) => `logged in as ${name}; the id has stayed, the token is new`,
    ownOrder: "order session, kept on the server",
    joinedOrder: "order session of another person, joined by a link",
    eventsTitle: "What just happened",
    noEvents: "Nothing so far. Add something to your order.",
    api: "API of this shop",
    events: {
      started: "started with the first write",
      loggedIn: "logged in: same session, new token",
      loggedOut: "logged out",
      ended: "ended",
      orderOpened: "opened as an order session",
      orderClosed: "closed",
      orderChanged: "changed; every participant sees it at once",
    },
  },
  de: {
    button: (count) => (count === 1 ? "Hinter der Theke: 1 Sitzung" : `Hinter der Theke: ${count} Sitzungen`),
    title: "Hinter der Theke",
    intro:
      "Dieser Laden führt Coatcheck vor, eine Plattform für Sitzungen. Sie sind ein Gast, aber jede Bestellung ist eine eigene Sitzung, mit eigenem Korb und eigenen Cookies in der Küche.",
    sessions: "Sitzungen bei der Arbeit",
    browser: "Dieser Browser",
    noSessions: "noch keine: Sie haben nur geschaut",
    anonymous: "anonym; ihr Cookie ist das einzige in Ihrem Browser",
    loggedInAs: (name) => `angemeldet als ${name}; gleiche Nummer, neues Token`,
    ownOrder: "Sitzung einer Bestellung, auf dem Server",
    joinedOrder: "Bestellung einer anderen Person, über einen Link",
    eventsTitle: "Was gerade geschah",
    noEvents: "Noch nichts. Fügen Sie Ihrer Bestellung etwas hinzu.",
    api: "API dieses Ladens",
    events: {
      started: "begann mit dem ersten Schreiben",
      loggedIn: "angemeldet: gleiche Sitzung, neues Token",
      loggedOut: "abgemeldet",
      ended: "beendet",
      orderOpened: "als Bestellung geöffnet",
      orderClosed: "geschlossen",
      orderChanged: "geändert; alle Beteiligten erfahren es",
    },
  },
  fr: {
    button: (count) =>
      count === 1 ? "Derrière le comptoir\u00a0: 1 session" : `Derrière le comptoir\u00a0: ${count} sessions`,
    title: "Derrière le comptoir",
    intro:
      "Ce restaurant présente Coatcheck, une plateforme de sessions. Vous êtes un seul visiteur, mais chaque commande est une session, avec son panier et ses cookies en cuisine.",
    sessions: "Sessions au travail",
    browser: "Ce navigateur",
    noSessions: "aucune\u00a0: vous avez seulement regardé",
    anonymous: "anonyme\u00a0; son cookie est le seul de votre navigateur",
    loggedInAs: (name) => `connecté en tant que ${name}\u00a0; même identifiant, nouveau jeton`,
    ownOrder: "session d’une commande, sur le serveur",
    joinedOrder: "commande d’une autre personne, rejointe par un lien",
    eventsTitle: "Ce qui vient de se passer",
    noEvents: "Rien encore. Ajoutez quelque chose à votre commande.",
    api: "API de ce restaurant",
    events: {
      started: "commencée par la première écriture",
      loggedIn: "connexion\u00a0: même session, nouveau jeton",
      loggedOut: "déconnexion",
      ended: "terminée",
      orderOpened: "ouverte comme commande",
      orderClosed: "fermée",
      orderChanged: "modifiée\u00a0; chaque participant l’apprend",
    },
  },
};

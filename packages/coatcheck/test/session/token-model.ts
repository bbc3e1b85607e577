import { TokenProperties, USER_SUBJECTS } from "./token-properties.ts";
import {
  type Exchange,
  type HandlerAction,
  Site,
  type SiteOptions,
  type SiteResponse,
} from "./token-site.ts";

const ATTACKER = "mallory";
/** Steps that change neither the site nor the browser's cookie. */
const STEPS_WITHOUT_EFFECT: readonly Step["do"][] = ["send", "double", "drop"];

export type RequestingClient = "browser" | "attacker";
export type HandlerActionName =
  | "login"
  | "loginAsSecondUser"
  | "elevate"
  | "rotate"
  | "read"
  | "write"
  | "logout";

/** A step of a scenario. `index` selects one of the tokens that the attacker knows, or one of the pending requests. If
 * `index` is too large, counting starts over. */
export type Step =
  | {
      /**
       * How far a new request gets. `send`: it is sent and stays pending. `open`: its session is loaded too.
       * `exchange`: it is processed, and its response arrives. `lose`: it is processed, but its response is lost.
       */
      readonly do: "send" | "open" | "exchange" | "lose";
      readonly by: RequestingClient;
      readonly act: HandlerActionName;
      readonly index: number;
    }
  /**
   * What happens to a pending request. `double`: it is sent a second time. `load`: its session is loaded. `handle`: its
   * handler runs. `deliver`: its response arrives. `drop`: it is lost.
   */
  | { readonly do: "double" | "load" | "handle" | "deliver" | "drop"; readonly index: number }
  /** The handlers of all pending requests run at the same time. */
  | { readonly do: "handleAll" }
  /** From a sibling domain, the attacker sets the browser's cookie to a token that the attacker knows. */
  | { readonly do: "plant"; readonly index: number }
  | { readonly do: "pass"; readonly milliseconds: number };

type RequestStep = Extract<Step, { by: RequestingClient }>;

export interface Scenario extends SiteOptions {
  /**
   * Whether the attacker sets the browser's cookie at the start. If false, the attacker learns the token in the first
   * response to the anonymous browser.
   */
  readonly attackerPlantsToken: boolean;
  readonly steps: readonly Step[];
}

interface PendingRequest {
  readonly by: RequestingClient;
  readonly act: HandlerAction;
  readonly cookie: string | null;
  exchange: Exchange | null;
  response: SiteResponse | null;
}

/**
 * Simulates a site, an attacker, and a browser with one cookie and several tabs. A request contains the cookie that the
 * browser has when it sends the request. The processing of a request and the arrival of its response are separate
 * steps.
 */
export class TokenModel {
  readonly #site: Site;
  readonly #properties: TokenProperties;
  #jar: string | null = null;
  #pendingRequests: PendingRequest[] = [];
  #writes = 0;
  #readsFirstResponse = false;

  constructor(options: SiteOptions) {
    this.#site = new Site(options);
    this.#properties = new TokenProperties(this.#site);
  }

  /** Runs a scenario. Throws a `Violation` if a property does not hold after a step. */
  static async runScenario({ attackerPlantsToken, steps, ...options }: Scenario): Promise<void> {
    const model = new TokenModel(options);
    if (attackerPlantsToken) await model.#plantToken();
    else model.#readsFirstResponse = true;
    for (const step of steps) {
      await model.#perform(step);
      if (!STEPS_WITHOUT_EFFECT.includes(step.do)) await model.#properties.checkAll(model.#jar);
    }
    await model.#site.close();
  }

  async #plantToken(): Promise<void> {
    const flight = this.#sendRequest("attacker", "write", null);
    await this.#runHandler(flight);
    this.#jar = flight.response?.cookie ?? null;
    this.#pendingRequests = [];
  }

  async #perform(step: Step): Promise<void> {
    switch (step.do) {
      case "pass":
        this.#site.now += step.milliseconds;
        return;
      case "handleAll":
        await this.#runAllHandlers();
        return;
      case "plant":
        this.#jar = this.#pickKnownToken(step.index);
        return;
      case "send":
      case "open":
      case "exchange":
      case "lose":
        await this.#startRequest(step);
        return;
      default:
        await this.#continueRequest(
          step.do,
          this.#pendingRequests[step.index % this.#pendingRequests.length],
        );
    }
  }

  /** Returns one of the tokens that the attacker knows, or null for no token. */
  #pickKnownToken(index: number): string | null {
    const known = [...this.#properties.knownToAttacker];
    return known[index % (known.length + 1)] ?? null;
  }

  async #startRequest({ do: extent, by, act, index }: RequestStep): Promise<void> {
    const request = this.#sendRequest(by, act, by === "browser" ? this.#jar : this.#pickKnownToken(index));
    if (extent === "send") return;
    if (extent === "open") return await this.#loadSession(request);
    await this.#runHandler(request);
    if (extent === "exchange") this.#deliverResponse(request);
    this.#remove(request);
  }

  async #continueRequest(
    act: "double" | "load" | "handle" | "deliver" | "drop",
    flight?: PendingRequest,
  ): Promise<void> {
    if (!flight) return;
    switch (act) {
      case "double":
        this.#pendingRequests.push({ ...flight, exchange: null, response: null });
        return;
      case "load":
        return await this.#loadSession(flight);
      case "handle":
        return await this.#runHandler(flight);
      case "deliver":
        if (flight.response === null) return;
        this.#deliverResponse(flight);
        this.#remove(flight);
        return;
      case "drop":
        this.#remove(flight);
    }
  }

  #sendRequest(by: RequestingClient, name: HandlerActionName, cookie: string | null): PendingRequest {
    const flight: PendingRequest = {
      by,
      act: this.#createAction(by, name),
      cookie,
      exchange: null,
      response: null,
    };
    this.#pendingRequests.push(flight);
    return flight;
  }

  #createAction(by: RequestingClient, name: HandlerActionName): HandlerAction {
    switch (name) {
      case "login":
      case "loginAsSecondUser":
        if (by === "attacker") return { do: "login", subject: ATTACKER };
        return { do: "login", subject: USER_SUBJECTS[name === "login" ? 0 : 1] };
      case "write":
        return { do: "write", name: by, value: ++this.#writes };
      default:
        return { do: name };
    }
  }

  async #loadSession(request: PendingRequest): Promise<void> {
    if (request.exchange !== null) return;
    const issued = request.cookie === null ? undefined : this.#properties.issued.get(request.cookie);
    if (issued && request.cookie && (await this.#site.openToken(request.cookie))) {
      issued.firstUse ??= this.#site.now;
    }
    request.exchange = this.#site.send(request.cookie);
    await request.exchange.load();
  }

  async #runHandler(request: PendingRequest): Promise<void> {
    if (request.response !== null) return;
    const before = request.by === "attacker" ? await this.#properties.readUsersData() : new Map();
    await this.#loadSession(request);
    request.response = (await request.exchange?.runHandler(request.act)) ?? null;
    this.#recordResponse(request);
    await this.#properties.requireSameData(before);
    await this.#properties.requireLogout(request);
  }

  async #runAllHandlers(): Promise<void> {
    const flights = this.#pendingRequests.filter(({ response }) => response === null);
    const before = await this.#properties.readUsersData("attacker");
    for (const flight of flights) await this.#loadSession(flight);
    const responses = flights.map(async (flight) => {
      flight.response = (await flight.exchange?.runHandler(flight.act)) ?? null;
    });
    await Promise.all(responses);
    for (const flight of flights) this.#recordResponse(flight);
    await this.#properties.requireSameData(before, "attacker");
    for (const flight of flights) await this.#properties.requireLogout(flight);
  }

  /** Records the token in a response, and whether the attacker knows that token. */
  #recordResponse({ by, act, cookie, response }: PendingRequest): void {
    const token = response?.cookie;
    if (!response || !token) return;
    if (!this.#properties.issued.has(token)) {
      const isStepUp = act.do === "elevate" && response.error === null;
      const isReplacement = act.do !== "login" && cookie !== null;
      this.#properties.issued.set(token, {
        order: this.#properties.issued.size,
        mayBeElevated:
          isStepUp || (isReplacement && this.#properties.issued.get(cookie)?.mayBeElevated === true),
        firstUse: null,
      });
    }
    const isFirst = this.#readsFirstResponse && response.subject === null;
    if (by === "attacker" || isFirst) this.#properties.addKnownToken(token);
    if (by === "browser") this.#readsFirstResponse = false;
  }

  #deliverResponse({ by, response }: PendingRequest): void {
    if (by === "browser" && response?.cookie !== undefined) this.#jar = response.cookie;
  }

  #remove(flight: PendingRequest): void {
    this.#pendingRequests = this.#pendingRequests.filter((each) => each !== flight);
  }
}

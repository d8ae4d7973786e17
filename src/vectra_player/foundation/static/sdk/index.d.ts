// Types of the library, for editors. Every export of every module is declared here.

/** Phase of a game by the one phase rule. */
export type Phase = "UNKNOWN" | "COOLDOWN" | "BETTING" | "LIVE" | "RUGGED";
export type Mode = "LIVE" | "DEMO" | "REPLAY";
export type Trading = "OFF" | "PAPER" | "PRACTICE" | "ARMED";

export type MessageType =
  | "snapshot" | "gap" | "game.tick" | "game.start" | "game.rug" | "game.settled" | "player.state"
  | "player.trade" | "player.leaderboard" | "connection" | "connection.authenticated" | "sidebet.placed"
  | "sidebet.result" | "recording" | "alert" | "action" | "trade.gate" | "replay.status" | `raw.${string}`;

/** The row of the store a message was made of. */
export interface Source {
  session_id: string;
  seq: number;
  sub: number;
}

/** Any message of the feed; `data` keeps the keys of the wire and adds phase, tick, own. */
export interface Message<Data = Record<string, any>> {
  type: MessageType;
  /** Milliseconds since the epoch, UTC. */
  ts: number;
  gameId: string | null;
  seq: number;
  data: Data;
  src: Source | null;
  /** (tick, price) of ticks this one stands for, when this page was slow. */
  merged?: [number, number][];
}

export interface Connection {
  state: "idle" | "connecting" | "open" | "waiting" | "refused" | "ended" | "closed";
  reason: string;
  attempts: number;
  since?: number | null;
  retryInMs?: number | null;
}

export interface ClientOptions {
  /** Address of the feed; asked from the server of the page when not given. */
  url?: string | null;
  /** Only these types; snapshots and gaps always come. */
  types?: MessageType[] | null;
  /** Id of a replay instead of the main feed. */
  replay?: string | null;
  /** Use the socket of the page around this one where it offers one. */
  shared?: boolean;
  backoff?: { firstMs?: number; capMs?: number; factor?: number };
}

export class FoundationWSClient {
  constructor(options?: ClientOptions);
  readonly url: string | null;
  readonly types: MessageType[] | null;
  readonly replay: string | null;
  readonly shared: boolean;
  readonly backoff: { firstMs: number; capMs: number; factor: number };
  readonly store: StateStore;
  readonly connection: Connection;
  readonly handlerErrors: number;
  readonly state: State;
  readonly position: { feed: string | null; seq: number | null };
  on(type: MessageType | `${string}.*`, handler: (message: Message, state: State) => void): () => boolean;
  onAny(handler: (message: Message, state: State) => void): () => boolean;
  onConnectionChange(handler: (connection: Connection) => void): () => boolean;
  connect(): this;
  close(): void;
  subscribe(types: MessageType[] | null): void;
  switchTo(replay: string | null): void;
}

export interface Candle {
  index: number;
  /** First tick of the candle. */
  tick: number;
  open: number;
  high: number;
  low: number;
  close: number;
  /** How many of its ticks are known, and how many are missing among those played. */
  ticks: number;
  missing: number;
  complete: boolean;
}

export interface Bet {
  gameId: string | null;
  playerId: string | null;
  username: string | null;
  startTick: number | null;
  endTick: number | null;
  amount: number | null;
  xPayout: number | null;
  coinAddress: string | null;
}

export interface SidebetNote extends Bet {
  kind: "placed" | "result";
  own: boolean;
  ts: number;
  payout?: number | null;
  profit?: number | null;
  won?: boolean | null;
}

export interface Own {
  playerId: string | null;
  username: string | null;
  balance: number | null;
  bonusBalance: number | null;
  positionQty: number | null;
  avgCost: number | null;
  totalInvested: number | null;
  cumulativePnl: number | null;
  entryTick: number | null;
  hasSidebet: boolean | null;
  sidebet: Bet | null;
  lastSidebetResult: Record<string, any> | null;
  hasShort: boolean | null;
  short: Record<string, any> | null;
}

export interface FinishedGame {
  gameId: string;
  rugTick: number | null;
  peak: number | null;
  price: number | null;
  ts: number;
  /** By tick, null where a tick was not told; null when the game was not watched. */
  prices: (number | null)[] | null;
  settled: Record<string, any> | null;
}

/** What may be pressed on the page; `mode` null: there is no page to press. `armedUntil`: ms UTC. */
export interface Gate {
  state: "ACTIVE" | "REDUCING" | "HALTED" | null;
  mode: "practice" | "live" | null;
  halts: string[];
  armedUntil: number | null;
  notUndone: string[];
}

/** The current view; null is what nobody told. The object stays the same one and changes. */
export interface State {
  mode: Mode | null;
  trading: Trading | null;
  gate: Gate | null;
  recording: boolean | null;
  sessionId: string | null;
  feedId: string | null;
  seq: number | null;
  ts: number | null;
  connection: Connection;
  source: { connected: boolean | null; silent: boolean | null; gaps: number | null; delayMs: number | null };
  gameId: string | null;
  phase: Phase;
  paused: boolean | null;
  tick: number | null;
  price: number | null;
  peak: number | null;
  series: PriceSeries;
  prices: (number | null)[];
  candles: (Candle | null)[];
  tradeCount: number | null;
  serverSeedHash: string | null;
  gameVersion: string | null;
  cooldownMs: number | null;
  cooldownAt: number | null;
  players: number | null;
  rugpool: Record<string, any> | null;
  leaderboard: Record<string, any>[] | null;
  settledGameId: string | null;
  own: Own;
  rug: Record<string, any> | null;
  settled: Record<string, any> | null;
  /** Newest first, as everything below. */
  games: FinishedGame[];
  trades: Record<string, any>[];
  sidebets: SidebetNote[];
  gaps: Record<string, any>[];
  alerts: Record<string, any>[];
  actions: Record<string, any>[];
  replay: Record<string, any> | null;
  messages: number;
  merged: number;
}

export class StateStore {
  constructor(options?: { now?: () => number });
  readonly state: State;
  now(): number;
  subscribe(listener: (state: State, message: Message | null) => void): () => boolean;
  render(draw: (state: State) => void): () => boolean;
  apply(message: Message): void;
  setConnection(connection: Partial<Connection>): void;
  set(values: Partial<State>): void;
  reset(values?: Partial<State>): void;
  rate(): number;
  countdown(now?: number): number | null;
  snapshot(): Record<string, any> | null;
}

/** Call a function; its error is reported and goes no further. */
export function guarded(call: (...values: any[]) => void, ...values: any[]): boolean;

export const CANDLE_TICKS: 5;
export class PriceSeries {
  readonly prices: (number | null)[];
  readonly candles: (Candle | null)[];
  readonly peak: number | null;
  tell(tick: number, price: number): boolean;
}

export interface Sink {
  text(text: string): void;
  connection(connection: Connection): void;
}
export class SharedFeeds {
  constructor(make?: (replay: string | null) => FoundationWSClient);
  client(replay?: string | null): FoundationWSClient;
  attach(replay: string | null, sink: Sink): () => void;
}
export function shareFeeds(feeds?: SharedFeeds): SharedFeeds;

export interface Line {
  send(value: unknown): void;
  close(code?: number, reason?: string): void;
}
export const SHARED: unique symbol;
export function socketLine(
  url: string,
  calls: { open(): void; text(text: string): void; end(code: number, reason: string): void },
): Line;
export function sharedFeeds(): SharedFeeds | null;

export const UNKNOWN: "—";
export function formatPrice(value: number | null | undefined): string;
export function formatSol(value: number | null | undefined, options?: { sign?: boolean }): string;
export function formatSolExact(value: number | null | undefined): string;
export function formatSolShort(value: number | null | undefined): string;
export function formatPercent(value: number | null | undefined, options?: { sign?: boolean; digits?: number }): string;
export function formatShare(value: number | null | undefined, options?: { sign?: boolean; digits?: number }): string;
export function formatNumber(value: number | null | undefined, options?: { sign?: boolean; digits?: number }): string;
export function formatRate(value: number | null | undefined): string;
export function formatValue(value: number | null | undefined): string;
export function formatLatency(ms: number | null | undefined): string;
export function formatCount(value: number | null | undefined): string;
export function formatCountdown(ms: number | null | undefined): string;
export function formatDuration(ms: number | null | undefined): string;
export function formatTime(ms: number | null | undefined): string;
export function formatDateTime(ms: number | null | undefined): string;
export function formatUtc(ms: number | null | undefined): string;
export function formatGameId(gameId: string | null | undefined): string;
export function formatBytes(value: number | null | undefined): string;
/** Write a formatted value into an element; what is not known gets its own look. */
export function put(element: HTMLElement, text: string, title?: string): void;

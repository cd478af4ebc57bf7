import { useEffect, useRef, useState, type ReactElement } from 'react';
import type { Place } from '../app/workspace.ts';
import { useStore } from '../session/store.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import { useCopy } from '../ui/copy-text.ts';
import { matching, MAX_LINES, toText, type LineKind } from './log-book.ts';

const KINDS: readonly (readonly [LineKind, string])[] = [
  ['received', 'Received'],
  ['sent', 'Sent'],
  ['connection', 'Connection'],
  ['problem', 'Problems'],
];
const SIGNS: Readonly<Record<LineKind, string>> = { received: '↓', sent: '↑', connection: '·', problem: '!' };
/** Lines that are drawn; all of them are searched and copied. */
const MAX_DRAWN = 300;
/** Nearer to its end than this the log follows what comes. */
const FOLLOW_PIXELS = 24;

/** What went over the data channel and what became of the connection. */
export function LogPanel({ place }: { readonly place: Place }): ReactElement {
  const lines = useStore(place.session.log.lines);
  const copy = useCopy();
  const [filter, setFilter] = useState('');
  const [kinds, setKinds] = useState<ReadonlySet<LineKind>>(new Set(KINDS.map(([kind]) => kind)));
  const list = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  const found = matching(lines, filter, kinds);
  useEffect(() => {
    if (list.current !== null && follows.current) list.current.scrollTop = list.current.scrollHeight;
  });
  const toggle = (kind: LineKind): void => {
    const next = new Set(kinds);
    if (!next.delete(kind)) next.add(kind);
    setKinds(next);
  };
  return (
    <div className="log">
      <div className="log__tools">
        <input
          className="input"
          type="search"
          placeholder="Filter"
          aria-label="Filter the log"
          value={filter}
          onChange={({ target }) => setFilter(target.value)}
        />
        <Button icon="copy" onClick={() => copy(toText(found), `${found.length} lines copied.`)} disabled={found.length === 0}>
          Copy
        </Button>
        <IconButton icon="trash" label="Clear the log" onClick={() => place.session.log.clear()} disabled={lines.length === 0} />
      </div>
      <div className="log__kinds" role="group" aria-label="Kinds of lines">
        {KINDS.map(([kind, title]) => (
          <button
            key={kind}
            type="button"
            className="pill"
            data-kind={kind}
            aria-pressed={kinds.has(kind)}
            onClick={() => toggle(kind)}
          >
            <span aria-hidden="true">{SIGNS[kind]}</span>
            {title}
          </button>
        ))}
      </div>
      <ol
        className="log__lines"
        ref={list}
        tabIndex={0}
        aria-label="Log"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          follows.current = scrollHeight - scrollTop - clientHeight < FOLLOW_PIXELS;
        }}
      >
        {found.slice(-MAX_DRAWN).map(({ number, atUnixMs, kind, title, text }) => (
          <li key={number} data-kind={kind}>
            <time className="numeric">{new Date(atUnixMs).toTimeString().slice(0, 8)}</time>
            <span className="log__sign" aria-hidden="true">
              {SIGNS[kind]}
            </span>
            <span>
              <b>{title}</b> {text}
            </span>
          </li>
        ))}
      </ol>
      <p className="field__hint numeric">
        {found.length === lines.length ? `${lines.length} lines` : `${found.length} of ${lines.length} lines`}; the last{' '}
        {MAX_LINES.toLocaleString()} are kept.
      </p>
    </div>
  );
}

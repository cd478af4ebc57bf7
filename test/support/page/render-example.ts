/** Renders a component of an example as a page would. Bundled into the page. */
import { createElement, StrictMode, type ComponentType } from 'react';
import { createRoot } from 'react-dom/client';

/** @returns takes it out of the page again */
export function renderExample(id: string, Component: ComponentType): () => void {
  const root = createRoot(document.getElementById(id)!);
  root.render(createElement(StrictMode, null, createElement(Component)));
  return () => root.unmount();
}

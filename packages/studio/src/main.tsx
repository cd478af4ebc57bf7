import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { Studio } from './app/studio.ts';
import './styles/index.css';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');
const studio = new Studio(new URL(document.baseURI.split('#')[0] + location.hash));
createRoot(root).render(
  <StrictMode>
    <App studio={studio} />
  </StrictMode>,
);

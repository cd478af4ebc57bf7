export { ServerCertificate, type CertificatePair } from './server-certificate.js';

// The order matters: what it stands in for is asked for while the library loads.
import './reflect-stub.ts';

export * from '@peculiar/x509';

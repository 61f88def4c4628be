package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"hotseat"
	"hotseat/hotseatv1"
)

// connected is a client with a key. how says with which certificates: see certificates.
func connected(how string) (*hotseat.Client, error) {
	options := []hotseat.Option{hotseat.WithAPIKey(os.Getenv("HOTSEAT_API_KEY"))}
	if os.Getenv("HOTSEAT_CORE_CA") != "" {
		config, err := certificates(how)
		if err != nil {
			return nil, err
		}
		options = append(options, hotseat.WithTLS(config))
	}
	return hotseat.NewClient(os.Getenv("HOTSEAT_CORE_TARGET"), options...)
}

// certificates is how the core is talked to. "uncertified": without a certificate of one's own; "misled": trusting another CA.
func certificates(how string) (*tls.Config, error) {
	name := "HOTSEAT_CORE_CA"
	if how == "misled" {
		name = "HOTSEAT_INTEROP_OTHER_CA"
	}
	authority, err := os.ReadFile(os.Getenv(name))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s names no certificate", name)
	}
	if how != "uncertified" {
		own, err := tls.LoadX509KeyPair(os.Getenv("HOTSEAT_CORE_CLIENT_CERT"), os.Getenv("HOTSEAT_CORE_CLIENT_KEY"))
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// beKnown lists the workers with a key, and with certificates as how says.
func beKnown(ctx context.Context, how string) error {
	client, err := connected(how)
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = client.Pool.ListWorkers(ctx, &hotseatv1.ListWorkersRequest{})
	return err
}
